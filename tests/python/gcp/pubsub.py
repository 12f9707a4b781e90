"""The REST API of Pub/Sub, as far as the clients of the tests use it, and what each call needs.

Source: Cloud Pub/Sub REST reference v1, and "Access control with IAM", required permissions.
"""

import re

from .policy import Call, Need, error, not_found
from .token import CLOUD_PLATFORM

SCOPES = {"https://www.googleapis.com/auth/pubsub", CLOUD_PLATFORM}
NAME = re.compile(r"v1/(projects/([^/:]+)(?:/(topics|subscriptions)(?:/([^/:]+))?)?)(?::([a-zA-Z]+))?")


class PubSub:
    def __init__(self, project, topics):
        self.project = project
        self.topics = {f"projects/{project}/topics/{name}" for name in topics}
        # {subscription: (topic, [message])}
        self.subscriptions = {f"projects/{project}/subscriptions/{name}": (f"projects/{project}/topics/{name}", []) for name in topics}
        self.count = 0

    def read(self, method, path, _query, body):
        """The call that the request stands for, or None."""
        place = NAME.fullmatch(path)
        if not place or not place[3]:
            return None
        full, project, kind, name, verb = place.groups()
        word = "topics" if kind == "topics" else "subscriptions"
        above = f"//cloudresourcemanager.googleapis.com/projects/{project}"
        on = lambda permission, resource=None: Need(f"pubsub.{permission}", resource or f"//pubsub.googleapis.com/{full}")
        call = lambda run, *needs: Call(list(needs), SCOPES, run)
        known = self.topics if kind == "topics" else self.subscriptions
        match (method, bool(name), verb):
            case ("GET", False, None):
                found = sorted(one for one in known if one.startswith(f"projects/{project}/"))
                return call(lambda: (200, {word: [{"name": one} for one in found]}), on(f"{word}.list", above))
            case ("GET", True, None):
                return call(lambda: (200, self._about(full)) if full in known else not_found(full), on(f"{word}.get"))
            case ("PUT", True, None) if kind == "topics":
                return call(lambda: self._create_topic(full), on("topics.create", above))
            case ("PUT", True, None):
                topic = f"//pubsub.googleapis.com/{body.get('topic')}"
                return call(lambda: self._subscribe(full, body["topic"]), on("subscriptions.create", above),
                            on("topics.attachSubscription", topic))
            case ("DELETE", True, None):
                return call(lambda: self._delete(known, full), on(f"{word}.delete"))
            case ("POST", True, "publish") if kind == "topics":
                return call(lambda: self._publish(full, body["messages"]), on("topics.publish"))
            case ("POST", True, "pull") if kind == "subscriptions":
                return call(lambda: self._pull(full, body.get("maxMessages", 1)), on("subscriptions.consume"))
            case ("POST", True, "acknowledge") if kind == "subscriptions":
                return call(lambda: self._acknowledge(full, body["ackIds"]), on("subscriptions.consume"))
        return None

    def _about(self, full):
        topic = self.subscriptions.get(full, (None,))[0]
        return {"name": full, "topic": topic} if topic else {"name": full}

    def _create_topic(self, full):
        if full in self.topics:
            return error(409, "ALREADY_EXISTS", full)
        self.topics.add(full)
        return 200, {"name": full}

    def _subscribe(self, full, topic):
        if topic not in self.topics:
            return not_found(topic)
        self.subscriptions[full] = (topic, [])
        return 200, self._about(full)

    def _delete(self, known, full):
        if full not in known:
            return not_found(full)
        known.remove(full) if isinstance(known, set) else known.pop(full)
        return 200, {}

    def _publish(self, full, messages):
        if full not in self.topics:
            return not_found(full)
        ids = []
        for message in messages:
            self.count += 1
            ids.append(str(self.count))
            for topic, waiting in self.subscriptions.values():
                if topic == full:
                    waiting.append({"messageId": str(self.count), **message})
        return 200, {"messageIds": ids}

    def _pull(self, full, most):
        if full not in self.subscriptions:
            return not_found(full)
        waiting = self.subscriptions[full][1]
        return 200, {"receivedMessages": [{"ackId": one["messageId"], "message": one} for one in waiting[:most]]}

    def _acknowledge(self, full, ids):
        if full not in self.subscriptions:
            return not_found(full)
        waiting = self.subscriptions[full][1]
        waiting[:] = [one for one in waiting if one["messageId"] not in ids]
        return 200, {}
