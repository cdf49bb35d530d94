// Viewer response of hashed files: browsers keep them for a year and never ask again.
//
// A response headers policy would say the same on the 404 page of a file that is not uploaded yet, and browsers would
// keep that for a year too. CloudFront runs no viewer-response function once the origin answered 400 or more:
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/edge-function-restrictions-all.html

function handler(event) {
    const response = event.response;
    response.headers['cache-control'] = { value: 'public, max-age=31536000, immutable' };
    return response;
}
