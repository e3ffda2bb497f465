"""What goes wrong in a soak.  Each fault is a function that does it and returns what undoes it, with
the seconds until then; or None where there is nothing to undo."""

import os
import random
import shutil
import signal

from support import farm


def _monitors(folder):
    """The monitors that jobs of this soak have left behind."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/comm", encoding="latin-1") as comm:
                if comm.read() == "lockersh-watch\n" and \
                        any(word.startswith(folder) for word in farm.words_of(int(name))):
                    found.append(int(name))
        except OSError:
            continue
    return found


def _send(pid, number):
    try:
        os.kill(pid, number)
        return True
    except ProcessLookupError:
        return False


class Faults:
    def __init__(self, world, play, seed):
        self.world, self.play = world, play
        self.rng = random.Random(f"faults {seed}")
        # Small ones come all the time, great ones now and then.
        self.small = [self.kill_job, self.kill_job, self.end_job, self.kill_monitor,
                      self.kill_job_and_monitor, self.stop_job, self.stop_monitor,
                      self.kill_clients, self.cut_connections]
        self.great = [self.kill_server, self.kill_server, self.stop_server, self.stop_pidstatd,
                      self.kill_pidstatd, self.stop_clients, self.cut_off_host, self.lose_packets]

    def happen(self, kinds):
        """Does one of them; returns (undo, seconds), or None."""
        return self.rng.choice(kinds)()

    # ---- small: nobody else is held up ------------------------------------------------------------

    def _hit(self, number, kind):
        job = self.play.random_job(self.rng)
        if job is None or job.process.poll() is not None:
            return None
        job.was_hit = True
        if number == signal.SIGKILL:
            self.world.say("dead", job.name)  # before anybody can have what it waited for
        job.process.send_signal(number)
        self.world.say("mark", kind)
        return job

    def kill_job(self):
        self._hit(signal.SIGKILL, "job-killed")

    def end_job(self):
        self._hit(self.rng.choice([signal.SIGTERM, signal.SIGINT, signal.SIGHUP]), "job-ended")

    def kill_monitor(self):
        monitors = _monitors(self.world.folder)
        if monitors and _send(self.rng.choice(monitors), signal.SIGKILL):
            self.world.say("mark", "monitor-killed")

    def kill_job_and_monitor(self):
        job = self._hit(signal.SIGSTOP, "job-and-monitor-killed")
        if job is None:
            return
        for pid in _monitors(self.world.folder):
            if job.name in farm.words_of(pid):
                _send(pid, signal.SIGKILL)
        self.world.say("dead", job.name)
        _send(job.process.pid, signal.SIGKILL)

    def _stop(self, pid, seconds):
        return (lambda: _send(pid, signal.SIGCONT)), seconds

    def stop_job(self):
        job = self._hit(signal.SIGSTOP, "job-stopped")
        return self._stop(job.process.pid, self.rng.uniform(0.2, 2)) if job else None

    def stop_monitor(self):
        monitors = _monitors(self.world.folder)
        pid = self.rng.choice(monitors) if monitors else None
        if pid is None or not _send(pid, signal.SIGSTOP):
            return None
        self.world.say("mark", "monitor-stopped")
        return self._stop(pid, self.rng.uniform(0.2, 2))

    def kill_clients(self):
        if self.rng.random() < 0.2:
            self.play.kill_crowd(self.rng)

    def cut_connections(self):
        """Where there is a proxy; the clients cut their own all the time."""
        if self.world.proxy:
            self.world.proxy.cut()
            self.world.say("mark", "connections-cut")

    # ---- great: clients have to wait ------------------------------------------------------------

    def _outage(self, kind, undo, seconds):
        self.world.say("outage", kind)

        def end():
            undo()
            self.world.say("calm", kind)
        return end, seconds

    def kill_server(self):
        self.world.say("outage", "server-killed")
        self.world.kill_server()

        def restart():
            self.world.start_server(self.rng.choice(["power", "process"]))
            self.world.say("calm", "server-killed")
        return restart, self.rng.uniform(0, 1.5)

    def begin_auth(self):
        """From now on credentials are checked; of who has a lock by then nothing was proven."""
        self.world.auth = "munge"
        self.world.say("mark", "auth-begins")
        return self.kill_server()

    def stop_server(self):
        server = self.world.server
        server.send_signal(signal.SIGSTOP)
        return self._outage("server-stopped", lambda: server.send_signal(signal.SIGCONT),
                            self.rng.uniform(0.3, 4))

    def _pidstatd(self):
        """The name of a host whose pidstatd is to suffer."""
        return self.rng.choice(list(self.world.pidstatds))

    def stop_pidstatd(self):
        process = self.world.pidstatds[self._pidstatd()]
        process.send_signal(signal.SIGSTOP)
        return self._outage("pidstatd-stopped", lambda: process.send_signal(signal.SIGCONT),
                            self.rng.uniform(0.5, 6))

    def kill_pidstatd(self):
        name = self._pidstatd()
        self.world.pidstatds[name].kill()
        self.world.pidstatds[name].wait()
        del self.world.pidstatds[name]
        return self._outage("pidstatd-killed", lambda: self.world.start_pidstatd(name),
                            self.rng.uniform(0.1, 3))

    def stop_clients(self):
        process = self.play.random_crowd(self.rng)
        process.send_signal(signal.SIGSTOP)
        return self._outage("clients-stopped", lambda: process.send_signal(signal.SIGCONT),
                            self.rng.uniform(0.3, 4))

    def cut_off_host(self):
        if self.world.lacks:
            return None
        host = self.world.hosts[self.rng.choice(["n1", "n2"])]
        host.cut_off()
        return self._outage("host-cut-off", host.join_again, self.rng.uniform(0.5, 6))

    def lose_packets(self):
        if self.world.lacks or not shutil.which("nft"):
            return None
        host = self.world.hosts[self.rng.choice(["n1", "n2", "farm1"])]
        host.must("nft", "add table inet soak; add chain inet soak input "
                         "{ type filter hook input priority 0; }; add rule inet soak input "
                         "iifname eth0 numgen random mod 100 < 30 drop")
        return self._outage("packets-lost", lambda: host.must("nft", "delete table inet soak"),
                            self.rng.uniform(2, 6))
