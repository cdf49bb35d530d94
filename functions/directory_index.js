// Viewer request: gives directories of the site an address, as a web server does, since S3 knows only files.
//
//   /                  untouched: the distribution's default root object answers
//   /docs/             the file /docs/index.html, without the visitor seeing it
//   /docs              301 to /docs/, query string kept: relative links of the page only work with the slash
//   /docs/page.html    untouched, like every last segment with a dot; so a directory whose name has a dot needs its slash
//   /.well-known/...   untouched: files there have no extension (RFC 8615)

const REDIRECT_SECONDS = 3600;

function handler(event) {
    const request = event.request;
    const uri = request.uri;
    if (uri === '/' || uri.startsWith('/.well-known/')) {
        return request;
    }
    if (uri.endsWith('/')) {
        request.uri = uri + 'index.html';
        return request;
    }
    if (uri.slice(uri.lastIndexOf('/') + 1).includes('.')) {
        return request;
    }
    return redirect(uri + '/', request.rawQueryString());
}

function redirect(path, query) {
    // A browser reads "//host" and "/\host" as another site: one slash in front keeps visitors on this one.
    const local = '/' + path.replace(/^[/\\]+/, '');
    return {
        statusCode: 301,
        statusDescription: 'Moved Permanently',
        headers: {
            location: { value: query ? local + '?' + query : local },
            // Without a limit browsers keep a permanent redirect for ever, even once a file takes the name.
            'cache-control': { value: 'public, max-age=' + REDIRECT_SECONDS },
        },
    };
}
