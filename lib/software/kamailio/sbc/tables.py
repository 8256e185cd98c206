#!/usr/bin/python3
"""The tables that the Kamailio of this SBC loads from the database, and the copy of them that this host keeps.

  tables start     before Kamailio starts: says whether it is to load them from the database, or from the copy if that does not answer
  tables fetch     makes the copy from the database; an SBC that began with a copy then loads what is in it
  tables watch     the service cellstamp-tables: fetches again and again
  tables health    exit status 0 while the copy is young; else says how old it is

A host that has never had a copy waits for the database, and so does one whose copy another release has made, with other fields. The copy has a file for each table, a row a line, as Kamailio's db_text module
reads it. Secrets of users are among them (HA1 of RFC 2617).
"""
import json, os, shutil, socket, subprocess, sys, time

CONFIG = "/etc/cellstamp/tables.json"
# Seconds. A question of the database takes no longer; what the database and the pool allow is shorter.
PATIENCE = 5
# Before an SBC starts: how long the database is waited for where there is a copy, and where there is none.
WITH_COPY, WITHOUT_COPY = 3, 45
# Between two fetches, and after one that failed.
INTERVAL, AGAIN = 30, 2
# An SBC whose copy is older is not well.
OLD = 300


class Failure(Exception):
    """What could not be done, in words for an operator."""


def log(text):
    print(text, file=sys.stderr, flush=True)


def quoted(column):
    """SQL of a text in which nothing ends a field or a row."""
    return "replace(replace(%s, '\\', '\\\\'), ':', '\\:')" % column


class Copy:
    def __init__(self, config):
        self.config, self.folder = config, config["folder"]
        self.source = os.path.join(self.folder, "source")
        self.stamp = os.path.join(self.folder, "fetched")

    def fetched(self):
        """When it was made, in whole seconds since 1970; None if it was not, or has other fields than this release reads."""
        try:
            with open(self.stamp) as file:
                if file.read() != self.config["fields"]:
                    return None
            return int(os.stat(self.stamp).st_mtime)
        except OSError:
            return None

    def age(self):
        seconds = int(time.time()) - self.fetched()
        return "%d s old" % seconds if seconds < 120 else "%d min old" % (seconds // 60)

    def fetch(self):
        """Replaces it by all tables as they were at one moment. The names of those that have changed."""
        new = os.path.join(self.folder, "new-%d" % os.getpid())
        shutil.rmtree(new, ignore_errors=True)
        os.mkdir(new)
        try:
            lines = ["BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;"]
            for table in self.config["tables"]:
                lines += [
                    "\\o '%s'" % os.path.join(new, table),
                    "\\qecho 'key_name(string) key_type(int) value_type(int) key_value(string)'",
                    "SELECT concat_ws(':', %s, key_type, value_type, %s) FROM sbc.%s ORDER BY key_name;"
                    % (quoted("key_name"), quoted("key_value"), table),
                ]
            try:
                done = subprocess.run(
                    self.config["psql"],
                    input="\n".join(lines + ["\\o", "COMMIT;", ""]),
                    timeout=PATIENCE,
                    capture_output=True,
                    text=True,
                )
            except subprocess.TimeoutExpired:
                raise Failure("the database does not answer within %d s" % PATIENCE)
            if done.returncode != 0:
                raise Failure("the database does not answer: %s" % (done.stderr.strip().splitlines() or ["no reason"])[-1])
            changed = [table for table in self.config["tables"] if self.take(new, table)]
            self.put("fetched", self.config["fields"])
            return changed
        finally:
            shutil.rmtree(new, ignore_errors=True)

    def take(self, new, table):
        """Puts a table in its place if it is another than before."""
        with open(os.path.join(new, table)) as file:
            text = file.read()
        try:
            with open(os.path.join(self.folder, table)) as file:
                if file.read() == text:
                    return False
        except OSError:
            pass
        self.put(table, text)
        return True

    def put(self, name, text):
        """Writes a file of the folder as a whole, so that the service's user may write it again whoever did it first."""
        path = os.path.join(self.folder, name)
        fresh = "%s.%d" % (path, os.getpid())
        with open(fresh, "w") as file:
            file.write(text)
        owner = os.stat(self.folder)
        if os.geteuid() == 0:
            os.chown(fresh, owner.st_uid, owner.st_gid)
        try:
            # Kamailio sees by the second that a file has changed.
            before = int(os.stat(path).st_mtime)
            if name != "fetched" and int(time.time()) <= before:
                os.utime(fresh, (before + 1, before + 1))
        except OSError:
            pass
        os.replace(fresh, path)

    def serves(self):
        """What Kamailio began with: database; stale, the copy; fresh, the copy, which it has loaded again since."""
        try:
            with open(self.source) as file:
                return file.read().strip()
        except OSError:
            return "database"


def rpc(config, method, *params):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.settimeout(PATIENCE)
        try:
            # An address of its own, to which the answer goes; it makes no file.
            s.bind("")
            s.connect(config["rpc"])
            s.send(json.dumps({"jsonrpc": "2.0", "method": method, "params": params, "id": 1}).encode())
            answer = json.loads(s.recv(65536))
        except (OSError, ValueError) as error:
            raise Failure("Kamailio does not answer: %s" % error)
    if "error" in answer:
        raise Failure("Kamailio refuses %s %s: %s" % (method, " ".join(map(str, params)), answer["error"].get("message")))


def start(config):
    copy = Copy(config)
    deadline = time.monotonic() + (WITHOUT_COPY if copy.fetched() is None else WITH_COPY)
    told = False
    while True:
        try:
            copy.fetch()
            source, url = "database", config["url"]
            break
        except Failure as failure:
            if copy.fetched() is None and not told:
                log("%s, and this host has no copy of its tables yet: this SBC waits for the database" % failure)
                told = True
            if time.monotonic() > deadline:
                if copy.fetched() is None:
                    return 1
                log("%s: this SBC starts with its copy of the tables, %s" % (failure, copy.age()))
                source, url = "stale", "text://" + copy.folder
                break
            time.sleep(0.2)
    copy.put("source", source + "\n")
    with open(config["settings"], "w") as file:
        file.write('modparam("htable", "db_url", "%s")\n' % url)
        file.write('modparam("pv", "shvset", "tables_fetched=i:%d")\n' % copy.fetched())
    # Nothing in it is a secret.
    os.chmod(config["settings"], 0o644)
    return 0


def fetch(config):
    copy = Copy(config)
    changed = copy.fetch()
    # Where it has loaded them from the database, every change reaches it.
    serves = copy.serves()
    if serves == "stale":
        changed = config["tables"]
    if serves != "database":
        # Until all of them are loaded: one that was not may be loaded next time.
        copy.put("source", "stale\n")
        for table in changed:
            rpc(config, "htable.reload", table)
        copy.put("source", "fresh\n")
    if serves == "stale":
        log("the database answers again: Kamailio has loaded its tables")
    rpc(config, "pv.shvSet", "tables_fetched", "int", copy.fetched())


def watch(config):
    failed = None
    while True:
        try:
            fetch(config)
            failed = None
        except Failure as failure:
            if str(failure) != failed:
                log(str(failure))
            failed = str(failure)
        time.sleep(INTERVAL if failed is None else AGAIN)


def health(config):
    copy = Copy(config)
    if copy.fetched() is None:
        print("there is no copy of the tables")
        return 1
    if time.time() - copy.fetched() > OLD:
        print("its copy of the tables is %s: the database does not answer" % copy.age())
        return 1
    return 0


def main(*words):
    verbs = {"start": start, "fetch": fetch, "watch": watch, "health": health}
    if len(words) != 1 or words[0] not in verbs:
        print(__doc__, file=sys.stderr)
        return 2
    os.umask(0o027)
    with open(CONFIG) as file:
        config = json.load(file)
    try:
        return verbs[words[0]](config)
    except Failure as failure:
        print("tables: %s" % failure, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
