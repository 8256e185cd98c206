#!/usr/bin/python3
"""Reads and changes the tenant directory in its Redis, as the agent of this edge reaches it by its configuration, the first argument:
no password leaves the cluster.

Standard input: {"names": [item, ...]} prints those items as they stand, {"pattern": "tenant:*"} all of that kind, and
{"put": {"name": item, "text": new, "before": old}} replaces one that is still as it was read, and tells the edges.
"""
import json, redis, sys

LONGEST_STREAM = 100_000

config = json.load(open(sys.argv[1]))
if config["backend"] != "redis":
    sys.exit("the directory of this front is not a Redis, but %s" % config["backend"])
server = redis.Redis(decode_responses=True, socket_timeout=20, **config["source"])
asked = json.load(sys.stdin)
if "put" in asked:
    put = asked["put"]

    def change(pipe):
        if pipe.hget("directory", put["name"]) != put["before"]:
            sys.exit("somebody else has changed %s meanwhile" % put["name"])
        pipe.multi()
        pipe.hset("directory", put["name"], put["text"])
        pipe.xadd("directory:changes", {"item": put["text"]}, maxlen=LONGEST_STREAM, approximate=True)

    server.transaction(change, "directory")
    print("{}")
else:
    found = server.hscan_iter("directory", match=asked["pattern"], count=1000) if "pattern" in asked else zip(
        asked["names"], server.hmget("directory", asked["names"])
    )
    print(json.dumps({name: text for name, text in found if text is not None}))
