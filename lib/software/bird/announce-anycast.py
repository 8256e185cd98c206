#!/usr/bin/python3
"""Asks this edge each second over HTTP whether it takes new calls, and tells BIRD to announce the anycast range or to hold it back."""
import json, socket, sys, time

with open(sys.argv[1]) as settings:
    CONFIG = json.load(settings)
# Answers in a row that change what is announced, and the seconds that each may take.
DOWN, UP, PATIENCE = 2, 1, 1


def takes_calls():
    try:
        with socket.create_connection((CONFIG["address"], CONFIG["port"]), timeout=PATIENCE) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: edge\r\nConnection: close\r\n\r\n")
            return connection.recv(64).startswith(b"HTTP/1.1 200 ")
    except OSError:
        return False


def tell(order):
    """Whether BIRD has carried the order out. Its answers end with a line that has a space behind the number."""
    try:
        with socket.socket(socket.AF_UNIX) as control:
            control.settimeout(PATIENCE)
            control.connect(CONFIG["control"])
            lines = control.makefile("rw")
            lines.readline()
            lines.write(order + "\n")
            lines.flush()
            for line in lines:
                if line[4:5] == " ":
                    # 8xxx: it could not; 9xxx: it did not understand.
                    return line[0] not in "89"
            return False
    except OSError as error:
        print("BIRD does not answer: %s" % error)
        return False


def main():
    announced, row = False, 0
    said = None
    while True:
        begin = time.monotonic()
        answer = takes_calls()
        row = row + 1 if answer != announced else 0
        if row >= (UP if answer else DOWN):
            announced, row = answer, 0
        # Again and again: a BIRD that has restarted holds the range back.
        done = tell(("enable" if announced else "disable") + " anycast")
        if done and said != announced:
            print("the edge takes new calls: announced" if announced else "the edge takes no new calls: the last resort")
            said = announced
        time.sleep(max(0.05, 1 - (time.monotonic() - begin)))


main()
