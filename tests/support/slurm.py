"""A real Slurm cluster of two nodes on this machine, in a folder of its own, for the tests in this
folder.  It runs as root, with jobs of an unprivileged user, or altogether as one ordinary user.
Both nodes share the host name; SLURMD_NODENAME tells their tasks apart.

A test program has a cluster to itself, and each of its tests finds it idle: what an earlier test
has left is ended before, and where that cannot be done the cluster is built anew."""

import atexit
import glob
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from support import farm, tap

# Slurm on a busy machine takes longer than anything of ours.
PATIENCE_S = 60

PROGRAMS = ("munged", "slurmctld", "slurmd", "srun")
NODES = ("n1", "n2")
AS_ROOT = os.geteuid() == 0
JOB_USER = "nobody" if AS_ROOT else pwd.getpwuid(os.geteuid()).pw_name

CONF = """\
ClusterName={name}
SlurmctldHost={controller}
AuthType=auth/munge
AuthInfo=socket={folder}/run/munge.sock
CredType=cred/munge
SlurmUser={user}
SlurmdUser={user}
SlurmctldPort={slurmctld_port}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool.%n
SlurmctldPidFile={folder}/run/slurmctld.pid
SlurmdPidFile={folder}/run/slurmd.%n.pid
SlurmctldLogFile={folder}/log/slurmctld.log
SlurmdLogFile={folder}/log/slurmd.%n.log
SlurmctldDebug=info
SlurmdDebug=info
MailProg=/bin/true
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
FirstJobId={first_job}
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_min_interval=0,bf_interval=2
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
SlurmdParameters=config_overrides
PlugStackConfig={folder}/etc/plugstack.conf
PartitionName=main Nodes={nodes} Default=YES MaxTime=INFINITE State=UP
"""
NODE = "NodeName={node} NodeHostname={host} NodeAddr={address} Port={port} CPUs={cpus} State=UNKNOWN\n"


def _copy_of_build():
    """What jobs run, where their user may read it: the build may be in a folder of root's own."""
    folder = tempfile.mkdtemp(prefix="farmlock-build.")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.chmod(folder, 0o755)
    for part in ("bin", "spank"):
        if os.path.isdir(os.path.join(farm.BUILD, part)):
            shutil.copytree(os.path.join(farm.BUILD, part), os.path.join(folder, part))
    return folder


BUILD = _copy_of_build()
PLUGIN = os.path.join(BUILD, "spank", "pidwatch.so")


def program(name):
    """One of our programs, for jobs."""
    return os.path.join(BUILD, "bin", name)


def release():
    """The release of Slurm that this machine has, such as (24, 11)."""
    words = farm.run("slurmd", "-V").stdout.split()  # "slurm-wlm 22.05.8"
    return tuple(int(part) for part in words[1].split(".")[:2])


def lacking():
    """The first program of Slurm's that this machine lacks, or None."""
    return next((name for name in PROGRAMS if shutil.which(name) is None), None)


class Cluster:
    """settings are lines for slurm.conf, such as KillWait=2; Licenses=lic1:2, {folder} in them being
    the cluster's; cpus is for each node.
    host is a netns.Host that the daemons run on, instead of this machine itself."""

    def __init__(self, settings="", cpus=8, name="lab", host=None):
        self.folder = tempfile.mkdtemp(prefix="farmlock-slurm.")
        os.chmod(self.folder, 0o755)
        for part, mode in (("etc", 0o755), ("run", 0o755), ("log", 0o1777), ("state", 0o700),
                           ("munge", 0o700), *((f"spool.{node}", 0o755) for node in NODES)):
            os.mkdir(f"{self.folder}/{part}")
            os.chmod(f"{self.folder}/{part}", mode)
        self.conf = f"{self.folder}/etc/slurm.conf"
        self.settings, self.cpus, self.name, self.host = settings, cpus, name, host
        self.ports = {name: farm.free_port() for name in ("slurmctld", *NODES)}
        self.daemons = {}
        self.first_job = 1
        self.write_conf(self.conf)
        self.plugstack("")
        atexit.register(self.destroy)

    def write_conf(self, path):
        """Writes slurm.conf; another path is for another host's copy."""
        controller, address = "localhost", "127.0.0.1"
        if self.host:
            controller, address = f"{self.host.name}({self.host.address})", self.host.address
        with open(path, "w", encoding="utf-8") as conf:
            conf.write(CONF.format(name=self.name, controller=controller, folder=self.folder,
                                   first_job=self.first_job, user=pwd.getpwuid(os.geteuid()).pw_name, nodes=",".join(NODES),
                                   slurmctld_port=self.ports["slurmctld"]))
            for node in NODES:
                conf.write(NODE.format(node=node, host="localhost", address=address,
                                       port=self.ports[node], cpus=self.cpus))
            conf.write(self.settings.replace("{folder}", self.folder) + "\n")

    def plugstack(self, line):
        """Steps that start from now on load this, such as 'optional .../pidwatch.so grace=1'."""
        with open(f"{self.folder}/etc/plugstack.conf", "w", encoding="utf-8") as conf:
            conf.write(line + "\n")

    def environment(self, **extra):
        return farm.environment(**{"SLURM_CONF": self.conf, **extra})

    def start(self, *before_slurmd):
        key = f"{self.folder}/munge/munge.key"
        with open(key, "wb") as out:
            os.chmod(key, 0o600)
            out.write(os.urandom(1024))
        run = f"{self.folder}/run"
        self._start("munged", "munged", "--foreground", "--force", f"--socket={run}/munge.sock",
                    f"--key-file={key}", f"--log-file={self.folder}/munge/munged.log",
                    f"--pid-file={run}/munged.pid", f"--seed-file={self.folder}/munge/seed",
                    "--num-threads=2")
        farm.poll(lambda: os.path.exists(f"{run}/munge.sock"), "munged is there")
        self.start_slurmctld("-c")
        for node in NODES:
            self.start_slurmd(node, *before_slurmd)
        self.wait_idle()
        return self

    def start_slurmctld(self, *options):
        self._start("slurmctld", "slurmctld", "-D", "-i", *options)

    def start_slurmd(self, node, *before):
        """before are words in front of the command, such as those of unshare(1)."""
        self._start(node, *before, "slurmd", "-D", "-N", node)

    def put_apart(self, node):
        """Gives a node a pid namespace of its own, like another machine; SIGKILL crashes it whole."""
        as_user = [] if AS_ROOT else ["--map-current-user"]
        self.stop_daemon(node)
        self.start_slurmd(node, "unshare", *as_user, "--pid", "--fork", "--kill-child",
                          "--mount-proc", "sh", "-c", '"$@"; exit', "init")
        self.wait_idle()

    def _start(self, name, *command):
        with open(f"{self.folder}/log/{name}.out", "ab") as out:
            self.daemons[name] = subprocess.Popen(
                self.host.enter(*command) if self.host else command, env=self.environment(), stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                start_new_session=True)

    def stop_daemon(self, name, number=signal.SIGTERM):
        """Ends munged, slurmctld, n1 or n2; what runs on a node lives on."""
        daemon = self.daemons.pop(name)
        daemon.send_signal(number)
        daemon.wait()

    def is_idle(self):
        return self.tell("sinfo", "-h", "-t", "idle", "-o", "%D") == str(len(NODES))

    def wait_idle(self):
        farm.poll(self.is_idle, f"all nodes are idle\n{self.log('slurmctld')}", PATIENCE_S)

    def make_ready(self):
        """For the start of a test."""
        try:
            for name in ("munged", "slurmctld", *NODES):
                daemon = self.daemons[name]
                assert daemon.poll() is None, f"{name} has ended"
                daemon.send_signal(signal.SIGCONT)
            if not self.is_idle() or self.jobs():
                self.clear()
                self.wait_idle()
        except (KeyError, AssertionError, subprocess.TimeoutExpired) as why:
            print(f"# the cluster is built anew: {why!r}".replace("\n", "\n# "), flush=True)
            self.build_anew()
        farm.at_end(self.clear)

    def build_anew(self):
        """Whatever state the cluster is in; the ids of its jobs go on."""
        self.end_processes(0)
        for part in ("state", *(f"spool.{node}" for node in NODES)):
            for path in glob.glob(f"{self.folder}/{part}/*"):
                shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)
        self.first_job += 10000
        self.write_conf(self.conf)
        self.start()

    def log(self, name):
        """What slurmctld, or slurmd and its steps on a node, have logged."""
        name = name if name == "slurmctld" else f"slurmd.{name}"
        try:
            with open(f"{self.folder}/log/{name}.log", encoding="utf-8", errors="replace") as log:
                return log.read()
        except FileNotFoundError:
            return ""

    def as_user(self, *command):
        """The words that run a command as the user whose jobs the tests run."""
        if not AS_ROOT:
            return list(command)
        return ["setpriv", f"--reuid={JOB_USER}", "--regid=nogroup", "--clear-groups", *command]

    def _on(self, host, *command):
        """The words that run a command on a host, by default where the daemons run."""
        host = host or self.host
        return host.enter(*command) if host else list(command)

    def run(self, *command, extra=None, host=None, **options):
        """Runs one of Slurm's commands as the jobs' user to its end; extra is for its environment."""
        return farm.run(*self._on(host, *self.as_user(*command)), env=self.environment(**(extra or {})),
                        cwd=options.pop("cwd", "/tmp"), **options)

    def start_command(self, *command, extra=None, host=None, **options):
        """Starts one of Slurm's commands as the jobs' user; it is ended with the test."""
        options.setdefault("stderr", subprocess.DEVNULL)  # what it says of its end is no news
        return farm.start(*self._on(host, *self.as_user(*command)), env=self.environment(**(extra or {})),
                          cwd=options.pop("cwd", "/tmp"), **options)

    def tell(self, *command):
        """What a command of the administrator's prints."""
        return farm.run(*self._on(None, *command), env=self.environment()).stdout.strip()

    def sbatch(self, *words, script=None, **options):
        """Submits a job and returns its id; script is the text of a batch script."""
        done = self.run("sbatch", "--parsable", *words, input=script, stdin=None, **options)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip().partition(";")[0]

    def state(self, job):
        """Such as RUNNING or COMPLETED; empty where Slurm does not know the job any more."""
        shown = self.tell("scontrol", "show", "job", str(job))
        return shown.partition("JobState=")[2].partition(" ")[0]

    def wait_state(self, job, *states):
        def reached():
            state = self.state(job)
            return state in states and (state or "forgotten")

        return farm.poll(reached, f"job {job} is {' or '.join(states)}", PATIENCE_S)

    def start_again(self, job):
        """Starts a job that was queued again, which Slurm would hold back for two minutes, and sets
        that time anew when the last of the earlier run is gone.  Asked too often it gets to nothing,
        and at once it fails: slurmd refuses what was signed in the second of the earlier run's end
        ("Job credential revoked")."""
        asked = [time.monotonic()]

        def runs():
            if time.monotonic() > asked[0] + 2:
                self.tell("scontrol", "update", f"JobId={job}", "StartTime=now")
                asked[0] = time.monotonic()
            return self.state(job) == "RUNNING"

        farm.poll(runs, f"job {job} starts again", 60)

    def processes(self):
        """The ids of all processes that have this cluster's configuration in their environment, and
        of its steps, which show none from Slurm 24.11 on: they log to its folder, and their
        watchers, who have closed all, run a plugin that is this program's own."""
        marker = f"SLURM_CONF={self.conf}".encode()
        found = []
        for folder in glob.glob("/proc/[0-9]*"):
            try:
                with open(folder + "/environ", "rb") as environ:
                    ours = marker in environ.read().split(b"\0")
                if ours or self._is_of_step(folder):
                    found.append(int(os.path.basename(folder)))
            except OSError:
                continue
        return found

    def _is_of_step(self, folder):
        with open(folder + "/comm", encoding="utf-8", errors="replace") as comm:
            name = comm.read().strip()
        if name == "slurmstepd":
            return any(f"{self.folder}/log/" in os.readlink(entry.path)
                       for entry in os.scandir(folder + "/fd"))
        if name != "pidwatch-step":
            return False
        with open(folder + "/maps", encoding="utf-8", errors="replace") as maps:
            return os.path.realpath(BUILD) in maps.read()

    def jobs(self):
        """The ids of all jobs that are not over."""
        return sorted(set(self.tell("squeue", "-h", "-a", "-o", "%F").split()))

    def clear(self):
        """Ends all jobs, which are the running test's: nobody else has this cluster."""
        jobs = self.jobs()
        if jobs:
            self.tell("scancel", "--full", "--signal=KILL", *jobs)
            self.tell("scancel", *jobs)
            farm.poll(lambda: not self.jobs(), f"{jobs} are over", PATIENCE_S)

    def end_processes(self, patience_s):
        for daemon in self.daemons.values():
            daemon.send_signal(signal.SIGTERM if patience_s else signal.SIGKILL)
        for daemon in self.daemons.values():
            try:
                daemon.wait(patience_s or None)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
        self.daemons.clear()
        for pid in self.processes():
            if pid != os.getpid():
                farm.kill_pid(pid)

    def serve_all_tests(self):
        """Has the cluster ready for each test of the program, and cleared behind it."""
        tap.before_each(self.make_ready)
        return self

    def destroy(self):
        self.end_processes(10)
        shutil.rmtree(self.folder, ignore_errors=True)


def the_cluster(**options):
    """Starts the one cluster of a test program, or says on TAP's lines what this machine lacks."""
    missing = lacking()
    if missing:
        print(f"1..0 # SKIP this machine lacks {missing}; '.ci/deps test' installs it", flush=True)
        sys.exit(0)
    return Cluster(**options).start().serve_all_tests()
