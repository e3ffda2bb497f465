#!/usr/bin/env python3
"""The plugin where each job has a /tmp of its own (job_container/tmpfs; namespace/tmpfs and
namespace/linux from Slurm 25.11 on), or processes of its own besides: for each way to launch a step."""

import os

# The job's /tmp hides that of the node, where neither Slurm's files nor ours may be, then.
os.environ["TMPDIR"] = "/var/tmp"

# pylint: disable=wrong-import-position
from support import farm, launches, slurm, steps, tap
from support.tap import test

NAMESPACES = (25, 11)


def cluster_with(container, name, text, plugstack=""):
    """A cluster whose jobs are put apart.  What slurmd mounts goes with its namespace, which has to
    be on the processor of all that it starts: the kernel lets a namespace be mounted only where one
    with a lower number is, and from Linux 6.18 on each processor counts for itself."""
    if not slurm.AS_ROOT:
        raise tap.Lacks("only root can mount a /tmp for each job")
    cluster = launches.cluster_with(f"PrologFlags=Contain\n{container}", (name, text), plugstack=plugstack,
                                    before_slurmd=("taskset", "--cpu-list", str(min(os.sched_getaffinity(0))),
                                                   "unshare", "--mount"))
    shown = cluster.run("srun", "-N1", "sh", "-c", "stat -c %U /tmp; ls -A /tmp; echo end")
    farm.equal(shown.stdout, f"{slurm.JOB_USER}\nend\n")
    return cluster


def private_tmp(**more):
    container = "NamespaceType=namespace/tmpfs" if slurm.release() >= NAMESPACES else \
        "JobContainerType=job_container/tmpfs"
    return cluster_with(container, "job_container.conf", "AutoBasePath=true\nBasePath={folder}/base\n", **more)


@test
def tasks_live_on_in_a_private_tmp_without_it():
    launches.tasks_live_on(private_tmp())


@test
def they_end_in_a_private_tmp():
    launches.tasks_end(private_tmp(plugstack=steps.plugin_line("grace=5")))


def put_apart(*flags, **more):
    """In namespaces of their own for each job: that of mounts, and those of the flags."""
    if slurm.release() < NAMESPACES:
        raise tap.Lacks("Slurm {}.{:02} has no namespace/linux: it is there from 25.11 on".format(*slurm.release()))
    words = f"  clone_ns_flags: [{', '.join(flags)}]\n" if flags else ""
    return cluster_with("NamespaceType=namespace/linux", "namespace.yaml", "defaults:\n  auto_base_path: true\n"
                        f'  base_path: "{{folder}}/base.%n"\n{words}', **more)


@test
def they_live_on_in_namespaces_without_it():
    launches.tasks_live_on(put_apart())


@test
def they_end_in_namespaces():
    launches.tasks_end(put_apart(plugstack=steps.plugin_line("grace=5")))


@test
def they_live_on_where_a_job_has_its_own_processes_without_it():
    launches.tasks_live_on(put_apart("CLONE_NEWPID"))


@test
def they_end_where_a_job_has_its_own_processes():
    launches.tasks_end(put_apart("CLONE_NEWPID", plugstack=steps.plugin_line("grace=5")))


if __name__ == "__main__":
    if slurm.lacking():
        print(f"1..0 # SKIP this machine lacks {slurm.lacking()}", flush=True)
    else:
        farm.main()
