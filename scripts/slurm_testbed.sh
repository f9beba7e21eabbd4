#!/usr/bin/env bash
# Slurm with two nodes, n1 and n2, on this machine, for tests: scripts/slurm_testbed.sh start|stop|status
#
# Needs root and Debian's packages slurm-wlm and munge. All ports are on 127.0.0.1. A Slurm that is configured is not touched.
set -euo pipefail

conf=/etc/slurm/slurm.conf  # Slurm's default, so that jobs find it without a variable
state=/var/lib/nnbench-slurm
mark="# Written by nnbench's scripts/slurm_testbed.sh"

fail() { echo "slurm_testbed: $1" >&2; exit 2; }

ours() { [ -f "$conf" ] && grep -qxF "$mark" "$conf"; }

alive() { [ -f "$1" ] && kill -0 "$(cat "$1")" 2> /dev/null; }

write_conf() {
  mkdir -p "$(dirname "$conf")" "$state"/{ctld,n1,n2}
  local host cpus
  host=$(hostname -s)
  cpus=$(nproc)
  cat > "$conf" << EOF
$mark
ClusterName=nnbench
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
# Bind to the addresses of this file only.
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
SlurmctldPort=16817
SlurmctldPidFile=$state/slurmctld.pid
SlurmctldLogFile=$state/slurmctld.log
StateSaveLocation=$state/ctld
SlurmdPidFile=$state/%n.pid
SlurmdLogFile=$state/%n.log
SlurmdSpoolDir=$state/%n
# A container may have no cgroups to give to jobs.
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
MpiDefault=none
ReturnToService=2
# Seconds: jobs of the tests are short.
KillWait=5
SchedulerParameters=sched_interval=5,bf_interval=5
NodeName=n1 NodeHostname=$host NodeAddr=127.0.0.1 Port=16821 CPUs=$cpus RealMemory=4000
NodeName=n2 NodeHostname=$host NodeAddr=127.0.0.1 Port=16822 CPUs=$cpus RealMemory=4000
PartitionName=main Nodes=n1,n2 Default=YES MaxTime=60 State=UP
EOF
}

start() {
  [ "$(id -u)" -eq 0 ] || fail "start: must be run as root"
  for program in munged slurmctld slurmd; do
    command -v "$program" > /dev/null || fail "$program is missing: apt-get install slurm-wlm munge"
  done
  [ ! -e "$conf" ] || ours || fail "$conf belongs to another Slurm, which is left as it is"
  ! alive "$state/slurmctld.pid" || fail "it runs already: scripts/slurm_testbed.sh stop"
  write_conf
  if ! munge -n > /dev/null 2>&1; then
    install -d -o munge -g munge /run/munge
    setpriv --reuid=munge --regid=munge --clear-groups munged --pid-file=/run/munge/nnbench.pid
    cp /run/munge/nnbench.pid "$state/munged.pid"
  fi
  slurmctld -c
  slurmd -N n1
  slurmd -N n2
  for _ in $(seq 60); do
    [ "$(sinfo -h -t idle -o %D 2> /dev/null)" != 2 ] || { sinfo; return; }
    sleep 0.5
  done
  fail "the nodes are not idle after 30 s: see $state/*.log"
}

stop() {
  ours || fail "there is no testbed to stop"
  scancel --state=RUNNING 2> /dev/null || true
  scancel --state=PENDING 2> /dev/null || true
  local file
  for name in n1 n2 slurmctld munged; do
    file=$state/$name.pid
    if alive "$file"; then
      kill "$(cat "$file")"
      for _ in $(seq 60); do alive "$file" || break; sleep 0.5; done
    fi
  done
  rm -rf "$state" "$conf"
}

case "${1:-}" in
  start) start ;;
  stop) stop ;;
  status)
    alive "$state/slurmctld.pid" || fail "the testbed does not run"
    sinfo --Node --long
    ;;
  *) fail "must be called with start, stop or status" ;;
esac
