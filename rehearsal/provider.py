"""The engine's side of a simulated provider: protocol in and out, the same for every cloud."""

import threading
from abc import abstractmethod
from importlib import metadata
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from rehearsal import memory
from rehearsal.check import DEFAULTS, Checked, Declared, Problem, Refusal
from rehearsal.diff import differences
from rehearsal.responses import diff_response, failures
from rehearsal.wire import Path, Properties, dotted, from_struct, has_secrets, secret, to_struct, with_secrets_of
from rehearsal.world import Thing, World


class SimulatedProvider(provider_pb2_grpc.ResourceProviderServicer):
    """A provider whose cloud is a `World`. Sub-classes decide what a valid resource is and what it becomes."""

    accepts_secrets = False
    """Whether the engine tells it what is secret, and leaves it to the provider to say so of outputs."""

    def __init__(self, world: World, package: str) -> None:
        self.world = world
        self._plugin_version = metadata.version(package)
        self._configs: dict[str, Properties] = {}
        self._lock = threading.Lock()

    # What a cloud decides.

    @abstractmethod
    def check(self, declared: Declared, news: Properties, olds: Properties) -> Checked:
        """Fill in the provider's defaults and say what is wrong; depends on its arguments and `surroundings` alone."""

    def surroundings(self) -> str:
        """What else of the world a check depends on."""
        return ""

    @abstractmethod
    def replaces(self, type_: str, path: Path) -> bool:
        """Whether a change of this property replaces the resource."""

    @abstractmethod
    def replaced_first(self, type_: str, olds: Properties, news: Properties) -> bool:
        """Whether the old one must be deleted before its replacement is created (both would have the same name)."""

    @abstractmethod
    def imagine(self, declared: Declared, inputs: Properties, existing: Thing | None) -> Properties:
        """Outputs as a preview shows them: what only AWS can tell is unknown."""

    @abstractmethod
    def make(self, declared: Declared, inputs: Properties, existing: Thing | None) -> Thing:
        """The resource as it is after a create, or an update of `existing`. Raises `Refusal`."""

    def secret_outputs(self, type_: str) -> tuple[str, ...]:
        """Outputs that are secret whatever the inputs are; what comes of secret inputs is marked by the engine."""
        return ()

    def refuse_config(self, config: Properties) -> list[Problem]:
        """What is wrong with the configuration of an instance of the provider."""
        return []

    def moving(self, olds: Properties, news: Properties) -> frozenset[str]:
        """Parts of its configuration by which it now speaks to another place: all that it has made is replaced."""
        return frozenset()

    @abstractmethod
    def release(self, thing: Thing) -> None:
        """Let the world forget a resource. Raises `Refusal` while something still depends on it."""

    @abstractmethod
    def look_up(self, token: str, args: Properties, config: Properties) -> Properties:
        """Answer of a data source. Raises `Refusal`."""

    # The protocol.

    def Attach(self, request: Any, context: grpc.ServicerContext) -> Any:
        return empty_pb2.Empty()

    def Handshake(self, request: Any, context: grpc.ServicerContext) -> Any:
        return provider_pb2.ProviderHandshakeResponse(supports_autonaming_configuration=True)

    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> Any:
        return plugin_pb2.PluginInfo(version=self._plugin_version)

    def Cancel(self, request: Any, context: grpc.ServicerContext) -> Any:
        return empty_pb2.Empty()

    def CheckConfig(self, request: Any, context: grpc.ServicerContext) -> Any:
        problems = self.refuse_config(from_struct(request.news))
        return provider_pb2.CheckResponse(inputs=request.news, failures=failures(problems))

    def DiffConfig(self, request: Any, context: grpc.ServicerContext) -> Any:
        olds, news = from_struct(request.olds), from_struct(request.news)
        moving = self.moving(olds, news)
        changes = differences(olds, news, lambda path: path[0] in moving)
        return diff_response(changes, delete_first=False)

    def Configure(self, request: Any, context: grpc.ServicerContext) -> Any:
        with self._lock:
            self._configs[context.peer()] = from_struct(request.args)
        return provider_pb2.ConfigureResponse(
            acceptSecrets=self.accepts_secrets, supportsPreview=True, supports_autonaming_configuration=True
        )

    def Check(self, request: Any, context: grpc.ServicerContext) -> Any:
        declared = self._declared(request, context)
        news, olds = from_struct(request.news), from_struct(request.olds)
        key = memory.key(self.surroundings(), declared.urn, declared.config, news, olds)
        checked = self._recalled(key)
        if checked is None:
            checked = self.check(declared, news, olds)
            self._remember(key, declared, checked)
        self.world.report(declared.urn, checked.finding)
        inputs = to_struct(self._marked(checked.inputs, request.news))
        return provider_pb2.CheckResponse(inputs=inputs, failures=failures(checked.problems))

    def Diff(self, request: Any, context: grpc.ServicerContext) -> Any:
        type_ = _type(request.urn)
        olds, news = from_struct(request.old_inputs), from_struct(request.news)
        ignored = set(request.ignoreChanges)
        changes = [
            change
            for change in differences(olds, news, lambda path: self.replaces(type_, path))
            if change.path[0] != DEFAULTS and dotted(change.path) not in ignored
        ]
        return diff_response(changes, delete_first=self.replaced_first(type_, olds, news))

    def Create(self, request: Any, context: grpc.ServicerContext) -> Any:
        declared, inputs = self._declared(request, context), from_struct(request.properties)
        if request.preview:
            imagined = self._sent(declared.type, self.imagine(declared, inputs, None), request.properties)
            return provider_pb2.CreateResponse(properties=imagined)
        thing = self._attempt(context, lambda: self.make(declared, inputs, None))
        self.world.put(thing)
        properties = self._sent(thing.type, thing.outputs, request.properties)
        return provider_pb2.CreateResponse(id=thing.id, properties=properties)

    def Read(self, request: Any, context: grpc.ServicerContext) -> Any:
        thing = self.world.get(_type(request.urn), request.id)
        if thing is None:
            return provider_pb2.ReadResponse()
        return provider_pb2.ReadResponse(
            id=thing.id,
            properties=self._sent(thing.type, thing.outputs, request.inputs),
            inputs=to_struct(self._marked(thing.inputs, request.inputs)),
        )

    def Update(self, request: Any, context: grpc.ServicerContext) -> Any:
        declared, inputs = self._declared(request, context), from_struct(request.news)
        existing = self.world.get(declared.type, request.id)
        if existing is None:
            self._abort(context, f"{declared.type} {request.id} does not exist any more: run a refresh")
        if request.preview:
            imagined = self._sent(declared.type, self.imagine(declared, inputs, existing), request.news)
            return provider_pb2.UpdateResponse(properties=imagined)
        thing = self._attempt(context, lambda: self.make(declared, inputs, existing))
        self.world.put(thing)
        return provider_pb2.UpdateResponse(properties=self._sent(thing.type, thing.outputs, request.news))

    def Delete(self, request: Any, context: grpc.ServicerContext) -> Any:
        thing = self.world.get(_type(request.urn), request.id)
        if thing is not None:
            self._attempt(context, lambda: self.release(thing))
            self.world.delete(thing.type, thing.id)
        return empty_pb2.Empty()

    def Invoke(self, request: Any, context: grpc.ServicerContext) -> Any:
        args = from_struct(request.args)
        answer = self._attempt(context, lambda: self.look_up(request.tok, args, self._config(context)))
        response = provider_pb2.InvokeResponse()
        getattr(response, "return").CopyFrom(to_struct(answer))  # the field has a keyword's name
        return response

    # Helpers.

    def _sent(self, type_: str, outputs: Properties, inputs: Any) -> Any:
        """Outputs on their way to the engine; what comes of secret inputs is secret."""
        hidden = set(self.secret_outputs(type_))
        if self.accepts_secrets and has_secrets(inputs):
            hidden |= outputs.keys() - set(inputs.fields)
        marked = self._marked(outputs, inputs)
        return to_struct({key: secret(outputs[key]) if key in hidden else value for key, value in marked.items()})

    def _marked(self, properties: Properties, given: Any) -> Properties:
        """Properties with the engine's own marks of what is secret in them, where it makes any."""
        return with_secrets_of(properties, given) if self.accepts_secrets else properties

    def _recalled(self, key: str) -> Checked | None:
        found = self.world.recall(key)
        return Checked(found["inputs"], [], found["finding"]) if found else None

    def _remember(self, key: str, declared: Declared, checked: Checked) -> None:
        """Keep a good answer that holds next time too: all is known, and no name is drawn by the engine for now."""
        if checked.problems:
            return
        text = memory.text({"inputs": checked.inputs, "finding": checked.finding})
        drawn = declared.proposed_name and declared.proposed_name in text
        if not drawn and memory.UNKNOWN_MARK not in text:
            self.world.remember(key, text)

    def _config(self, context: grpc.ServicerContext) -> Properties:
        with self._lock:
            return self._configs.get(context.peer(), {})

    def _declared(self, request: Any, context: grpc.ServicerContext) -> Declared:
        proposed = request.autonaming.proposed_name if hasattr(request, "autonaming") else ""
        urn: str = request.urn
        return Declared(urn, _type(urn), urn.rpartition("::")[2], self._config(context), proposed)

    def _attempt(self, context: grpc.ServicerContext, operation: Any) -> Any:
        try:
            return operation()
        except Refusal as refusal:
            self._abort(context, str(refusal))

    @staticmethod
    def _abort(context: grpc.ServicerContext, text: str) -> None:
        context.abort(grpc.StatusCode.UNKNOWN, text)


def _type(urn: str) -> str:
    """Type token of a URN, without the types of its parents."""
    return urn.split("::")[2].rpartition("$")[2]
