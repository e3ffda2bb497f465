#!/usr/bin/python3
"""What lockersh has to do with the jobs of schedulers, where none is needed: tests/cluster has one."""

import json

import jsonschema

from support import farm, tap
from support.locking import Farm, schema


@tap.test
def scheduler_jobs_are_shown():
    lab = Farm()
    cases = {
        "slurm:7_2=9": {"SLURM_JOB_ID": "9", "SLURM_ARRAY_JOB_ID": "7", "SLURM_ARRAY_TASK_ID": "2"},
        "lsf:17[4]": {"LSB_JOBID": "17", "LSB_JOBINDEX": "4"},
        "pbs:99.head": {"PBS_JOBID": "99.head"},
        "sge:55.7": {"JOB_ID": "55", "SGE_TASK_ID": "7"},
    }
    for number, (job, variables) in enumerate(cases.items()):
        lab.start("--lock", f"j{number}", "--exec", "sleep", "1000",
                  env=dict(lab.env, **variables))
        farm.poll(lambda name=f"j{number}", job=job: lab.locks().get(name, {}).get("job") == job,
                  f"{job} holds its lock")
    lab.start("--lock", "j0", "true", env=dict(lab.env, SLURM_JOB_ID="4711"))
    farm.equal(farm.poll(lab.waiters, "a waiter")[0]["job"], "slurm:4711")


@tap.test
def the_list_of_a_job_leaves_out_the_others():
    lab = Farm()
    for name, job in (("a", "7"), ("b", "70")):
        lab.start("--lock", name, "--exec", "sleep", "1000", env=dict(lab.env, SLURM_JOB_ID=job))
        farm.poll(lambda name=name: name in lab.locks(), f"{name} is held")
    lab.start("--lock", "b", "true", env=dict(lab.env, SLURM_JOB_ID="7"))
    farm.poll(lab.waiters, "a waiter")
    farm.equal(lab.run("--locklist", "--job", "7").stdout.split(), ["a", lab.locks()["a"]["owner"]])
    document = json.loads(lab.run("--locklist", "--json", "--job", "slurm:7").stdout)
    jsonschema.Draft202012Validator(schema()).validate(document)
    farm.equal([[entry["job"] for entry in document[part]] for part in ("locks", "waiters")],
               [["slurm:7"], ["slurm:7"]])
    farm.equal(lab.run("--locklist", "--job", "70").stdout.split()[0], "b")
    farm.equal(lab.run("--locklist", "--job", "8").stdout, "")


if __name__ == "__main__":
    farm.main()
