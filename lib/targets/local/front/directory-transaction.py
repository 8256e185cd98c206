#!/usr/bin/python3
"""Runs the commands of standard input in one transaction of the Redis at a port, and prints what it answers."""
import json, redis, sys
asked = json.load(sys.stdin)
server = redis.Redis(port=int(sys.argv[1]), password=asked["password"], decode_responses=True, socket_timeout=20)
pipe = server.pipeline()
pipe.set_response_callback("HGETALL", lambda answer, **_: answer)
for command in asked["commands"]:
    pipe.execute_command(*command)
print(json.dumps(pipe.execute()))
