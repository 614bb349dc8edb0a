"""What programs say of themselves, and what they would say of the model.

A program is built with observe.c between it and the calls by which it observes
its own memory. Run as it is, it prints what the kernel did. Recorded, it leaves
a mark at each observation; replayed, the model is looked at there; and run once
more with what the model had there for answers, it prints what the model did.
So a metric needs no rule here, however the program computes it.
"""
import ctypes
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
WRAPPED = ["getrusage", "mincore", "open", "sigaction", "fork", "execv"]
VIEWS = ["smaps", "smaps_rollup", "status", "stat", "maps", "numa_maps",
         "pagemap", "meminfo", "vmstat"]
SECONDS = 300  # for one run of a program or of pagewalk
# Single steps are slow, and long string instructions are many of them.
FEW_STEPS = ("glibc.cpu.x86_rep_stosb_threshold=0x7fffffff:"
             "glibc.cpu.x86_rep_movsb_threshold=0x7fffffff")
# Results of calls are in the recording: the model takes them from there.
RESULTS = re.compile(r"(^|[._])(ret|errno)$")


ADDR_NO_RANDOMIZE = 0x0040000


class Failed(Exception):
    """A program or pagewalk did not work; the text says which and why."""


def stay_put():
    """Addresses are the same in every run, as capture --no-aslr has them."""
    ctypes.CDLL(None).personality(ctypes.c_ulong(ADDR_NO_RANDOMIZE))


def run(words, cwd, **env):
    """Its standard output. Raises Failed."""
    try:
        done = subprocess.run([str(word) for word in words], cwd=cwd,
                              env=dict(os.environ, **env), timeout=SECONDS,
                              preexec_fn=stay_put, capture_output=True, check=False)
    except subprocess.TimeoutExpired:
        raise Failed(f"{words[0]}: took more than {SECONDS} s") from None
    if done.returncode != 0:
        tail = done.stderr.decode(errors="replace")[-2000:]
        raise Failed(f"{' '.join(map(str, words))}: status "
                     f"{done.returncode}\n{tail}")
    return done.stdout.decode(errors="replace")


def metrics_of(text):
    """The metrics of lines NAME,VALUE[,...], in order."""
    metrics = {}
    for line in text.splitlines():
        words = line.split(",")
        if len(words) >= 2 and re.fullmatch(r"-?\d+", words[1]):
            metrics[words[0]] = int(words[1])
    return metrics


def pagewalk_path():
    default = HERE / "../../build/release/pagewalk"
    return str(Path(os.environ.get("PAGEWALK", default)).resolve())


def kernel_options(pagewalk, cwd):
    """Options that choose the running kernel, as far as machines know it."""
    text = run([pagewalk, "machines", "generic-x86-64"], cwd)
    known = re.search(r"^\s*kernel:.*", text, re.M)
    if not known:
        return []
    running = tuple(map(int, os.uname().release.split("-")[0].split(".")[:2]))
    presets = [(6, 1), (6, 12), (6, 18)]
    chosen = max([p for p in presets if p <= running] or presets[:1])
    return ["-s", "kernel=%d.%d" % chosen]


class Program:
    """A program built from a source into a folder of its own."""

    def __init__(self, source, folder):
        self.name = Path(source).stem
        self.source = Path(source).resolve()
        self.folder = Path(folder).resolve() / self.name
        self.folder.mkdir(parents=True)
        self.binary = self.folder / self.name
        self.recording = self.folder / "recording.pwt"
        self.answers = self.folder / "answers"
        self.pagewalk = pagewalk_path()
        files = Path(folder).resolve() / "files"
        files.mkdir(exist_ok=True)
        os.environ.setdefault("GT_DIR", str(files))

    def build(self):
        wraps = "".join(f",--wrap={name}" for name in WRAPPED)
        run(["gcc", "-O1", "-g", "-static", "-w", "-o", self.binary,
             self.source, HERE / "observe.c", f"-Wl{wraps}", "-lm",
             "-lpthread"], self.folder)

    def native(self, **env):
        return metrics_of(run([self.binary], self.folder, **env))

    def truth(self, times=3):
        """What the kernel repeats exactly."""
        seen = [self.native(PW_OBSERVE="none") for _ in range(times)]
        return {name: value for name, value in seen[0].items()
                if all(other.get(name) == value for other in seen)}

    def record(self, engine):
        """What the program printed while it was recorded."""
        self.recording.unlink(missing_ok=True)
        env = {"PW_OBSERVE": "mark"}
        if engine == "ptrace":
            env["GLIBC_TUNABLES"] = FEW_STEPS
        return metrics_of(run([self.pagewalk, "capture", "-q", "--no-aslr",
                               "--engine", engine, "-o", self.recording, "--",
                               self.binary], self.folder, **env))

    def is_faithful(self, native, results):
        """Whether calls and faults ended as they do natively, emulated."""
        try:
            emulated = self.record("qemu")
        except Failed:
            return False
        return all(emulated.get(name) == value for name, value
                   in native.items() if name in results or
                   name.endswith("sig"))

    def look(self, options):
        """Write what the model has at the marks into the answers."""
        shutil.rmtree(self.answers, ignore_errors=True)
        self.answers.mkdir()
        for view in VIEWS:
            try:
                text = run([self.pagewalk, "vmas", *options, "--at", "ob*",
                            "--view", view, self.recording], self.folder)
            except Failed:
                continue
            self.split(view, text)

    def split(self, view, text):
        """A view of many moments, into a file for each."""
        parts = re.split(r"^==> ob(\S+?)(?:: process \d+)? <==\n", text,
                         flags=re.M)
        for name, part in zip(parts[1::2], parts[2::2]):
            part = part.rstrip("\n") + "\n" if part.strip() else ""
            if view == "stat":
                fields = part.rsplit(")", 1)[-1].split()
                part = " ".join([fields[7], fields[9], "-1"]) + "\n"
            (self.answers / f"{name}.{'rusage' if view == 'stat' else view}"
             ).write_text(part)

    def answered(self, **env):
        return self.native(PW_OBSERVE="answer", **env)

    def model(self, options):
        """What the model says, and why not of what it does not say."""
        native = self.native(PW_OBSERVE="none")
        blind = self.answered(PW_POISON="1")
        results = {name for name, value in native.items()
                   if blind.get(name) == value and not name.endswith("sig")
                   and value != 0}
        # Emulation is fast; single steps are the program itself, and its own
        # addresses, in case it goes by what it sees of them.
        for engine in ["qemu", "ptrace"]:
            if engine == "ptrace":
                self.record(engine)
            elif not self.is_faithful(native, results):
                continue
            self.look(options)
            try:
                says = self.answered(PW_ANSWERS=str(self.answers))
                sure = self.answered(PW_ANSWERS=str(self.answers),
                                     PW_POISON="1")
                break
            except Failed:
                if engine == "ptrace":
                    raise
        left_out = {}
        for name in native:
            if name in results or RESULTS.search(name):
                left_out[name] = "the result of a call"
            elif name not in says:
                left_out[name] = "the program did not print it again"
            elif says[name] != sure.get(name):
                left_out[name] = "looks at what the model does not show"
        return ({name: value for name, value in says.items()
                 if name not in left_out}, left_out, engine)


def sources(folder, only):
    """Programs of a folder, in order, or those that are asked for."""
    found = sorted(Path(folder, "programs").glob("*.c"))
    return [path for path in found if not only or path.stem in only]


def warn(text):
    print(text, file=sys.stderr)
