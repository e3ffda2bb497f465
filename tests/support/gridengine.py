"""A real Grid Engine on this machine, in a folder of its own: a qmaster and two execution hosts, each
a network, a host name and a boot of its own, and users who are in there alone.

Grid Engine is not installed, as its packages want a host name that the network knows and a mail
server: what `.ci/gridengine` has unpacked into build/gridengine is laid over /usr, seen in here
alone.  Nothing is written outside of the folder, and with its first processes all of it is gone."""

import atexit
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

from support import farm, netns, tap

# Grid Engine on a busy machine takes longer than anything of ours.
PATIENCE_S = 60

UNPACKED = os.path.join(farm.SOURCE, "build", "gridengine")
LIBRARY = "/usr/lib/gridengine"
SHARE = "/usr/share/gridengine"
NODES = ("e1", "e2")
USERS = {"alice": 7001, "bob": 7002}
# All hosts see all processes here, and an execd kills a job's by their additional group.
GROUPS = {"e1": "65400-65449", "e2": "65450-65500"}

BOOTSTRAP = """\
admin_user none
default_domain none
ignore_fqdn false
spooling_method classic
spooling_lib libspoolc
spooling_params {root}/default/common;{folder}/spool/qmaster
binary_path /usr/sbin
qmaster_spool_dir {folder}/spool/qmaster
security_mode none
listener_threads 2
worker_threads 2
scheduler_threads 1
"""
HOST = """\
hostname {host}
load_scaling NONE
complex_values {values}
user_lists NONE
xuser_lists NONE
projects NONE
xprojects NONE
usage_scaling NONE
report_variables NONE
"""
PARALLEL = """\
pe_name rr
slots 999
user_lists NONE
xuser_lists NONE
start_proc_args NONE
stop_proc_args NONE
allocation_rule $round_robin
control_slaves TRUE
job_is_first_task TRUE
urgency_slots min
accounting_summary FALSE
qsort_args NONE
"""


def lacking():
    """What this machine lacks, or an empty string."""
    if netns.missing():
        return netns.missing()
    if not os.path.exists(f"{UNPACKED}{LIBRARY}/sge_qmaster"):
        return "Grid Engine; 'make deps' unpacks it where the release has it"
    done = farm.run("ldd", f"{UNPACKED}{LIBRARY}/sge_qmaster", f"{UNPACKED}{LIBRARY}/sge_execd")
    absent = sorted(set(re.findall(r"(\S+) => not found", done.stdout)))
    return " and ".join(absent)


def _change(text, **values):
    """A configuration of Grid Engine's, with other values."""
    for name, value in values.items():
        text, count = re.subn(rf"(?m)^{name}\s.*", lambda _, n=name, v=value: f"{n} {v}", text)
        assert count, f"no {name} in:\n{text}"
    return text


class Cluster:
    def __init__(self, slots=8):
        self.folder = tempfile.mkdtemp(prefix="farmlock-sge.")
        os.chmod(self.folder, 0o755)
        atexit.register(shutil.rmtree, self.folder, True)
        self.root = f"{self.folder}/root"
        self.slots = slots
        self.hosts, self.execds = {}, {}
        self.port, self.execd_port = farm.free_port(), farm.free_port()
        for part, mode in (("etc", 0o755), ("log", 0o1777), ("root/default/common", 0o755),
                           ("spool/qmaster/job_scripts", 0o755), ("spool/e1", 0o755),
                           ("spool/e2", 0o755), ("bin", 0o755), ("home", 0o1777)):
            os.makedirs(f"{self.folder}/{part}")
            os.chmod(f"{self.folder}/{part}", mode)
        for name in os.listdir(os.path.join(farm.BUILD, "bin")):
            shutil.copy(os.path.join(farm.BUILD, "bin", name), f"{self.folder}/bin/{name}")
        self._write_files()

    def write(self, name, text):
        path = f"{self.folder}/etc/{name}"
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, 0o755 if text.startswith("#!") else 0o644)
        return path

    def _write_files(self):
        self.write("hosts", "127.0.0.1 localhost\n10.77.0.1 qm.local qm\n10.77.0.2 e1.local e1\n"
                            "10.77.0.3 e2.local e2\n")
        with open("/etc/passwd", encoding="utf-8") as file:
            known = [line for line in file if line.partition(":")[0] not in USERS]
        self.write("passwd", "".join(known + [f"{name}:x:{uid}:7001::{self.folder}/home:/bin/sh\n"
                                              for name, uid in USERS.items()]))
        with open("/etc/group", encoding="utf-8") as file:
            self.write("group", file.read() + "farmlock-eda:x:7001:\n")
        self.write("nsswitch.conf", "hosts: files\npasswd: files\ngroup: files\n")
        common = f"{self.root}/default/common"
        for name, text in (("bootstrap", BOOTSTRAP.format(root=self.root, folder=self.folder)),
                           ("act_qmaster", "qm.local\n"), ("cluster_name", "lab\n")):
            with open(f"{common}/{name}", "w", encoding="utf-8") as file:
                file.write(text)
        os.symlink(f"{SHARE}/util", f"{self.root}/util")

    def environment(self, **extra):
        """That of the administrator and of all daemons, which hand it to every job.  The commands
        themselves come before Debian's wrappers of them, which start 25 processes first, a C compiler
        among them, to find out what SGE_ROOT and SGE_ARCH may be."""
        return {"PATH": f"{LIBRARY}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                "LANG": "C.UTF-8", "SGE_ROOT": self.root, "SGE_CELL": "default",
                "SGE_QMASTER_PORT": str(self.port), "SGE_EXECD_PORT": str(self.execd_port),
                "FARMLOCK_TEST_RUN": os.environ.get("FARMLOCK_TEST_RUN", ""), **extra}

    def run(self, host, *command, user=None, **options):
        """Runs a command on a host to its end, as root or a user."""
        return farm.run(*self.enter(host, *command, user=user),
                        env=self.environment(**options.pop("extra", {})), **options)

    def enter(self, host, *command, user=None):
        if user:
            command = ("setpriv", "--reuid", user, "--regid", "7001", "--clear-groups", "env",
                       f"HOME={self.folder}/home", f"USER={user}", f"LOGNAME={user}", *command)
        return self.hosts[host].enter(*command, folder=f"{self.folder}/home")

    def launch(self, host, *command, user=None, **options):
        """Starts a command on a host; it ends with the test."""
        return farm.start(*self.enter(host, *command, user=user),
                          env=self.environment(**options.pop("extra", {})), **options)

    def must(self, host, *command, **options):
        done = self.run(host, *command, **options)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    # ---- starting ---------------------------------------------------------------------------

    def start(self):
        self._make_hosts()
        self._configure()
        self._daemon("qm", "sge_qmaster")
        self._poll(lambda: self.run("qm", "qconf", "-sm").returncode == 0, "the qmaster answers")
        self._set_up()
        for node in NODES:
            self.start_execd(node)
        self._poll(self.is_ready, "both hosts are there")
        return self

    def _poll(self, condition, what):
        farm.poll(condition, what, PATIENCE_S)

    def _make_hosts(self):
        self.hosts = {name: netns.Host(f"{name}.local", f"10.77.0.{number}", kept=True)
                      for number, name in enumerate(("qm", *NODES), 1)}
        for name, host in self.hosts.items():
            self._furnish(name, host)
        switch = self.hosts["qm"]
        switch.must("ip", "link", "add", "br0", "type", "bridge")
        switch.must("ip", "addr", "add", "10.77.0.1/24", "dev", "br0")
        switch.must("ip", "link", "set", "br0", "up")
        for node in NODES:
            self._connect(node)

    def _connect(self, node):
        host, switch = self.hosts[node], self.hosts["qm"]
        switch.must("ip", "link", "add", f"v{node}", "type", "veth", "peer", "name", "eth0",
                    "netns", host.holder.pid)
        switch.must("ip", "link", "set", f"v{node}", "master", "br0", "up")
        host.must("ip", "addr", "add", f"{host.address}/24", "dev", "eth0")
        host.must("ip", "link", "set", "eth0", "up")

    def _furnish(self, name, host):
        etc = f"{self.folder}/etc"
        boot = self.write(f"boot.{name}", open("/proc/sys/kernel/random/uuid",
                                               encoding="ascii").read())
        script = f"""set -e
mount -t overlay -o lowerdir={UNPACKED}/usr:/usr farmlock-sge /usr
for f in hosts passwd group nsswitch.conf; do mount --bind {etc}/$f /etc/$f; done
mount --bind {boot} /proc/sys/kernel/random/boot_id
ip link set lo up
"""
        host.must("sh", "-c", script)
        if name == "qm":
            arch = host.run(f"{SHARE}/util/arch").stdout.strip()
            for part in ("bin", "lib", "utilbin"):
                os.mkdir(f"{self.root}/{part}")
                os.symlink(LIBRARY, f"{self.root}/{part}/{arch}")

    def _daemon(self, host, name):
        log = f"{self.folder}/log/{host}.{name}"
        with open(log, "ab") as out:
            return subprocess.Popen(self.hosts[host].enter(name), stdin=subprocess.DEVNULL,
                                    stdout=out, stderr=out, env=self.environment(SGE_ND="1"),
                                    start_new_session=True)

    def start_execd(self, node):
        self.execds[node] = self._daemon(node, "sge_execd")

    def _configure(self):
        """What the qmaster reads before it can be asked."""
        spool = f"{self.root}/default/common;{self.folder}/spool/qmaster"
        text = self.must("qm", "cat", f"{SHARE}/default-configuration")
        text = re.sub(r"(?m)^min_[ug]id.*\n", "", text)
        params = "flush_time=00:00:01 accounting_flush_time=00:00:01"
        text = text.replace("flush_time=00:00:15", params)
        text = _change(text, execd_spool_dir=f"{self.folder}/spool", mailer="/bin/true",
                       administrator_mail="none", load_report_time="00:00:02",
                       max_unheard="00:00:08")
        path = self.write("configuration", text + "min_uid 0\nmin_gid 0\n")
        for words in (("spoolinit", "classic", "libspoolc", spool, "init"),
                      ("spooldefaults.bin", "configuration", path),
                      ("spooldefaults.bin", "complexes", f"{SHARE}/util/resources/centry"),
                      ("spooldefaults.bin", "usersets", f"{SHARE}/util/resources/usersets"),
                      ("spooldefaults.bin", "managers", "root")):
            self.must("qm", f"{LIBRARY}/{words[0]}", *words[1:],
                      extra={"LD_LIBRARY_PATH": LIBRARY})

    def qconf(self, *words):
        return self.must("qm", "qconf", *words)

    def _set_up(self):
        for node in NODES:
            self.qconf("-ah", f"{node}.local")
            self.qconf("-Ae", self.write(node, HOST.format(host=f"{node}.local", values="NONE")))
            os.makedirs(f"{self.folder}/etc/conf", exist_ok=True)
            self.qconf("-Aconf", self.write(f"conf/{node}.local", f"gid_range {GROUPS[node]}\n"))
        self.qconf("-as", "qm.local,e1.local,e2.local")
        self.qconf("-Ahgrp", self.write("group.all", "group_name @allhosts\nhostlist e1.local e2.local\n"))
        self.qconf("-Ap", self.write("rr", PARALLEL))
        queue = _change(self.qconf("-sq"), qname="all.q", hostlist="@allhosts", slots=self.slots,
                        load_thresholds="NONE", pe_list="rr", shell="/bin/sh", rerun="TRUE")
        self.qconf("-Aq", self.write("all.q", queue))
        schedule = _change(self.qconf("-ssconf"), schedule_interval="0:0:1", flush_submit_sec="1",
                           flush_finish_sec="1")
        self.qconf("-Msconf", self.write("schedule", schedule))

    def queue_states(self):
        """{host: its queue's state}, empty where all is well."""
        shown = self.run("qm", "qstat", "-f").stdout
        rows = [line.split() for line in shown.splitlines() if line.startswith("all.q@")]
        return {row[0].partition("@")[2].partition(".")[0]: "".join(row[5:]) for row in rows
                if row[3] != "-NA-" or row[5:]}

    def is_ready(self):
        return self.queue_states() == {node: "" for node in NODES}

    # ---- what tests do ----------------------------------------------------------------------

    def submit(self, *words, user="alice", **options):
        """Submits a job of a command and returns its number."""
        said = self.must("qm", "qsub", "-b", "y", "-shell", "n", "-o", "/dev/null", "-e", "/dev/null", *words, user=user,
                         **options)
        return re.search(r"Your job(?:-array)? (\d+)", said)[1]

    def qdel(self, *jobs):
        return self.run("qm", "qdel", *jobs).stdout

    def jobs(self):
        """The numbers of all jobs that the qmaster knows."""
        shown = self.run("qm", "qstat", "-u", "*").stdout
        return sorted(set(re.findall(r"(?m)^ *(\d+) ", shown)))

    def node_of(self, job):
        """Where a job runs."""
        return re.search(rf"(?m)^ *{job} .*@(e\d)", self.run("qm", "qstat", "-u", "*").stdout)[1]

    def wait_running(self, job):
        """Until its execd has reported that it runs: before that qdel waits for the report."""
        self._poll(lambda: re.search(rf"(?m)^ *{job} .* r  ", self.run("qm", "qstat", "-u", "*").stdout),
                   f"job {job} runs")

    def epilog(self, text):
        """Has all jobs that start from now on end with this, or NONE."""
        self.qconf("-mattr", "queue", "epilog", text, "all.q")
        farm.at_end(lambda: self.qconf("-mattr", "queue", "epilog", "NONE", "all.q"))

    def shepherds(self, node):
        return [pid for pid in self.processes(node) if name_of(pid) == "sge_shepherd"]

    def processes(self, node):
        """All processes of a host, by its network, but for the one that holds it."""
        holder = self.hosts[node].holder.pid
        place = os.readlink(f"/proc/{holder}/ns/net")
        found = []
        for folder in glob.glob("/proc/[0-9]*"):
            try:
                pid = int(os.path.basename(folder))
                if os.readlink(f"{folder}/ns/net") == place and pid != holder:
                    found.append(pid)
            except OSError:
                continue
        return found

    def crash(self, node):
        """The host is gone from one moment to the next, with all that runs on it."""
        self.hosts["qm"].must("ip", "link", "set", f"v{node}", "down")
        for _ in range(5):
            for pid in self.processes(node):
                farm.kill_pid(pid)

    def revive(self, node):
        self.hosts["qm"].must("ip", "link", "set", f"v{node}", "up")
        self.restart_execd(node)

    def restart_execd(self, node):
        self.execds[node].kill()
        self.execds[node].wait()
        self.start_execd(node)

    def make_ready(self):
        """For the start of a test; what it leaves is ended behind it."""
        self._poll(self.is_ready, f"both hosts are there: {self.queue_states()}")
        farm.at_end(self.clear)

    def clear(self):
        for job in self.jobs():
            self.run("qm", "qdel", "-f", job)
        for node in NODES:
            for pid in self.processes(node):
                if name_of(pid) in ("lockersh", "sleep", "sge_shepherd"):
                    farm.kill_pid(pid)
        self._poll(lambda: not self.jobs(), "no job is left")
        self.run("qm", "qmod", "-c", "*")

    def serve_all_tests(self):
        tap.before_each(self.make_ready)
        return self


def name_of(pid):
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as comm:
            return comm.read().strip()
    except OSError:
        return ""


def the_cluster(**options):
    """Starts the one cluster of a test program, or says on TAP's lines what this machine lacks."""
    missing = lacking()
    if missing:
        print(f"1..0 # SKIP this machine lacks {missing}", flush=True)
        sys.exit(0)
    return Cluster(**options).start().serve_all_tests()
