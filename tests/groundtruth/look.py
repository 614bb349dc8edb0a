"""What programs say of themselves, and what they would say of the model.

A program is built with observe.c between it and the calls by which it observes
its own memory. Run as it is, it prints what the kernel did. Recorded, it leaves
a mark at each observation; replayed, the model is looked at there; and run once
more with what the model had there for answers, it prints what the model did.
So a metric needs no rule here, however the program computes it.
"""
import copy
import csv
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
# Instructions of a whole program that are stepped rather than emulated, and
# that are stepped at all.
STEPS_MOST = 150000
STEPPED_MOST = 500000
EXIT = re.compile(r",exit_group,status=(\w+)")
SECONDS = 120  # for one run of a program or of pagewalk
# Single steps are slow, and long string instructions are many of them.
FEW_STEPS = ("glibc.cpu.x86_rep_stosb_threshold=0x7fffffff:"
             "glibc.cpu.x86_rep_movsb_threshold=0x7fffffff")
# Results of calls are in the recording: the model takes them from there.
RESULTS = re.compile(r"(^|[._])(ret|errno)$")


# Calls that fail more often when they are emulated.
CHANGES = {"mmap", "mremap", "mprotect", "madvise", "mlock", "mlockall", "prctl",
           "msync", "mbind", "shmat"}

# Of the environment: the rest would be more steps.
KEPT = re.compile("PATH|HOME|TMPDIR|(GT|PW|PYTHON|LD)_?[A-Z_]*")
ADDR_NO_RANDOMIZE = 0x0040000
# What the emulator maps is where the kernel would have put it.
LAYOUT = {"ptrace": [], "qemu": ["--relayout", "native"]}

# Policies of machines that do as the kernel in this mode.
LARGE_PAGES = {"always": "huge", "madvise": "madvise", "never": "hugetlb"}


class Failed(Exception):
    """A program or pagewalk did not work; the text says which and why."""


def stay_put():
    """Addresses are the same in every run, as capture --no-aslr has them."""
    ctypes.CDLL(None).personality(ctypes.c_ulong(ADDR_NO_RANDOMIZE))


def run(words, cwd, **env):
    """Its standard output. Raises Failed."""
    kept = {name: value for name, value in os.environ.items()
            if KEPT.fullmatch(name)}
    try:
        done = subprocess.run([str(word) for word in words], cwd=cwd,
                              env=kept | env, timeout=SECONDS,
                              preexec_fn=stay_put, capture_output=True, check=False)
    except subprocess.TimeoutExpired:
        raise Failed(f"{words[0]}: took more than {SECONDS} s") from None
    if done.returncode != 0:
        tail = done.stderr.decode(errors="replace")[-2000:]
        raise Failed(f"{' '.join(map(str, words))}: status "
                     f"{done.returncode}\n{tail}")
    return done.stdout.decode(errors="replace")


def warm(path):
    """Have all of a file in the page cache, from which some may be gone."""
    Path(path).read_bytes()


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


def kernel_options():
    """Options that choose the running kernel, as far as machines know it."""
    running = tuple(map(int, os.uname().release.split("-")[0].split(".")[:2]))
    presets = [(6, 1), (6, 12), (6, 18)]
    chosen = max([p for p in presets if p <= running] or presets[:1])
    options = ["-s", "kernel=%d.%d" % chosen]
    large = Path("/sys/kernel/mm/transparent_hugepage/enabled")
    mode = re.search(r"\[(\w+)\]", large.read_text() if large.exists() else "")
    if mode and mode[1] in LARGE_PAGES:
        options += ["-s", f"page_size.model={LARGE_PAGES[mode[1]]}",
                    "-s", "page_size.max=2M"]
    return options


def faults_of(pagewalk, options, recording, cwd):
    """Minor and major faults of all processes of a recording, in the model."""
    text = run([pagewalk, "replay", "-q", "--faults", *options, "--table",
                "faults", "--format", "csv", recording], cwd)
    rows = list(csv.DictReader(text.splitlines()))
    return [sum(int(row["faults"]) for row in rows if row["kind"] == kind)
            for kind in ("minor", "major")]


class Tools:
    """What all programs in a folder need, made once."""
    made = {}

    def __init__(self, root):
        self.observer = root / "observe.o"
        self.measurer = root / "usage"
        self.start_ups = {}
        files = root / "files"
        files.mkdir()
        os.environ.setdefault("GT_DIR", str(files))
        run(["gcc", "-O1", "-c", "-o", self.observer, HERE / "observe.c"],
            root)
        run(["gcc", "-O1", "-static", "-o", self.measurer, HERE / "usage.c"],
            root)

    @classmethod
    def of(cls, root):
        if root not in cls.made:
            cls.made[root] = cls(root)
        return cls.made[root]


class Program:
    """A program built from a source into a folder of its own.

    One called NAME_dyn is NAME.c, linked dynamically.
    """

    def __init__(self, source, folder):
        self.name = Path(source).stem
        self.source = Path(source).resolve()
        self.env = {}
        self.linking = ["-static"]
        if not self.source.exists():
            self.source = self.source.with_name(self.name[:-4] + ".c")
            self.linking = []
        root = Path(folder).resolve()
        self.tools = Tools.of(root)
        self.binary = root / self.name / "observed"
        self.plain = root / self.name / "plain"
        self.pagewalk = pagewalk_path()
        self.move_to(root / self.name)

    def move_to(self, folder):
        self.folder = folder
        self.folder.mkdir()
        self.recording = self.folder / "recording.pwt"
        self.answers = self.folder / "answers"
        self.wanted = self.folder / "wanted"

    def seeded(self, seed):
        """The same program, that draws its calls by chance from @seed."""
        other = copy.copy(self)
        other.name = f"{self.name}.{seed}"
        other.env = {"PW_SEED": str(seed)}
        other.move_to(self.folder / str(seed))
        return other

    def clean(self):
        """Remove what replays took, which is much for many seeds."""
        self.recording.unlink(missing_ok=True)
        shutil.rmtree(self.answers, ignore_errors=True)

    def build(self):
        wraps = "".join(f",--wrap={name}" for name in WRAPPED)
        made = self.folder / "program.o"
        link = ["gcc", "-g", *self.linking, "-o"]
        libraries = ["-lm", "-lpthread"]
        run(["gcc", "-O1", "-g", "-w", "-c", "-o", made, self.source],
            self.folder)
        run([*link, self.binary, made, self.tools.observer, f"-Wl{wraps}",
             *libraries], self.folder)
        run([*link, self.plain, made, *libraries], self.folder)

    def native(self, **env):
        return metrics_of(run([self.binary], self.folder, **self.env, **env))

    def native_totals(self):
        """Faults of the whole program as it is, from exec to its end."""
        out = self.folder / "usage.out"
        warm(self.plain)
        run([self.tools.measurer, out, self.plain], self.folder, **self.env)
        minor, major, _ = map(int, out.read_text().split())
        return {"proc.minflt": minor, "proc.majflt": major, "proc.status": 0}

    def truth(self, totals=True, times=3):
        """What the kernel repeats exactly; totals as for model."""
        warm(self.binary)
        totals = not self.env and (totals or not self.native(
            PW_OBSERVE="none"))
        if totals:
            self.native_totals()  # brings libraries into the page cache
        seen = [self.native(PW_OBSERVE="none") |
                (self.native_totals() if totals else {})
                for _ in range(times)]
        return {name: value for name, value in seen[0].items()
                if all(other.get(name) == value for other in seen)}

    def record(self, engine):
        """What the program printed while it was recorded."""
        self.recording.unlink(missing_ok=True)
        env = self.env | {"PW_OBSERVE": "mark"}
        if engine == "ptrace":
            env["GLIBC_TUNABLES"] = FEW_STEPS
        warm(self.binary)
        return metrics_of(run([self.pagewalk, "capture", "-q", "--no-aslr",
                               "--engine", engine, "-o", self.recording, "--",
                               self.binary], self.folder, **env))

    def is_faithful(self, native, results):
        """Whether calls and faults ended as they do natively, emulated."""
        try:
            emulated = self.record("qemu")
        except Failed:
            return False
        return (self.emulates_calls() and
                all(emulated.get(name) == value for name, value
                    in native.items() if name in results or
                    name.endswith("sig")))

    def emulates_calls(self):
        """Whether the emulator does what calls asked for, as far as it shows.

        It knows no MAP_FIXED_NOREPLACE, has its own stack where programs may
        want memory, and refuses what it does not know.
        """
        text = run([self.pagewalk, "dump", "--events", self.recording],
                   self.folder)
        for row in csv.DictReader(text.splitlines()):
            if row["event"] == "unrecorded" or (
                    row["event"] in CHANGES and
                    row["result"].startswith("'-")):
                return False
            asked = re.match(r"address=(0x[1-9a-f]\w*)", row["arguments"])
            if row["event"] == "mmap" and asked and \
                    asked[1] != row["result"]:
                return False
        return True

    def look(self, options):
        """Write what the model has at the marks into the answers."""
        shutil.rmtree(self.answers, ignore_errors=True)
        self.answers.mkdir()
        self.moments = []
        wanted = set(self.wanted.read_text().split()) | {"stat"}
        for view in [view for view in VIEWS if view in wanted]:
            try:
                text = run([self.pagewalk, "vmas", *options, "--at", "ob*",
                            "--view", view, self.recording], self.folder)
            except Failed:
                continue
            self.split(view, text)
        self.look_for_signals(options)

    def look_for_signals(self, options):
        """Write what signals the model expects, process by process."""
        text = run([self.pagewalk, "replay", "-q", *options,
                    "--table", "signals", "--format", "csv",
                    self.recording], self.folder)
        who = {}
        for mark in self.moments:
            who.setdefault(mark[1], mark[0].split(".")[0])
        lines = {}
        for row in csv.DictReader(text.splitlines()):
            lines.setdefault(row["pid"], []).append(
                f"{row['model_signal']} {row['model_code']}\n")
        for number, name in who.items():
            (self.answers / f"{name}.signals").write_text(
                "".join(lines.get(number, [])))

    def split(self, view, text):
        """A view of many moments, into a file for each."""
        parts = re.split(r"^==> ob(\S+?)(?:: process (\d+))? <==\n", text,
                         flags=re.M)
        for name, pid, part in zip(parts[1::3], parts[2::3], parts[3::3]):
            part = part.rstrip("\n") + "\n" if part.strip() else ""
            if view == "stat":
                self.moments.append((name, pid))
                fields = part.rsplit(")", 1)[-1].split()
                part = " ".join([fields[7], fields[9], "-1"]) + "\n"
            (self.answers / f"{name}.{'rusage' if view == 'stat' else view}"
             ).write_text(part)

    def record_plain(self, program, engine):
        warm(program)
        run([self.pagewalk, "capture", "-q", "--no-aslr", "--engine", engine,
             "-o", self.recording, "--", program], self.folder, **self.env)

    def start_up(self, engine, options):
        """Minor faults of a program that does nothing, built like this."""
        known = self.tools.start_ups
        kind = (engine, *self.linking)
        if kind not in known:
            nothing = self.folder / "nothing"
            source = self.folder / "nothing.c"
            source.write_text("int main(void) { return 0; }\n")
            run(["gcc", "-O1", "-g", *self.linking, "-o", nothing, source],
                self.folder)
            self.record_plain(nothing, engine)
            known[kind] = faults_of(
                self.pagewalk, [*options, *LAYOUT[engine]], self.recording,
                self.folder)[0]
        return known[kind]

    def totals(self, options, stepped):
        """As native_totals, by the model; @stepped: emulation will not do.

        The start of a process is not the same under emulation, which has
        another stack and no vDSO. How many faults that makes, a program that
        does nothing tells.
        """
        engine = "qemu"
        try:
            self.record_plain(self.plain, engine)
        except Failed:
            engine = "ptrace"
            self.record_plain(self.plain, engine)
        ended = EXIT.search(run([self.pagewalk, "dump", "--events", "--thread",
                                 "0", self.recording], self.folder))
        text = run([self.pagewalk, "info", "--format", "csv", self.recording],
                   self.folder)
        columns, values = text.splitlines()[:2]
        steps = int(dict(zip(columns.split(","), values.split(",")))
                    ["instructions"])
        if stepped and steps > STEPPED_MOST:
            raise Failed(f"{steps} steps would take too long")
        if engine == "qemu" and (stepped or steps <= STEPS_MOST):
            engine = "ptrace"
            self.record_plain(self.plain, engine)
        minor, major = faults_of(self.pagewalk, [*options, *LAYOUT[engine]],
                                 self.recording, self.folder)
        if engine == "qemu":
            minor += self.start_up("ptrace", options)
            minor -= self.start_up("qemu", options)
        says = {"proc.minflt": minor, "proc.majflt": major}
        if ended:
            says["proc.status"] = int(ended[1], 0) << 8
        return says

    def answered(self, **env):
        return self.native(PW_OBSERVE="answer", **env)

    def model(self, options, engines=("qemu", "ptrace"), totals=True):
        """What the model says, and why not of what it does not say.

        Totals of programs that measure themselves are estimates where they
        are emulated: without @totals they are left out.
        """
        native = self.native(PW_OBSERVE="none")
        self.wanted.write_text("")
        try:
            blind = self.answered(PW_POISON="1", PW_WANTED=str(self.wanted))
        except Failed:  # it goes by what it sees
            blind = {}
            self.wanted.write_text(" ".join(VIEWS))
        results = {name for name, value in native.items()
                   if blind.get(name) == value and not name.endswith("sig")
                   and value != 0}
        # Emulation is fast; single steps are the program itself, and its own
        # addresses, in case it goes by what it sees of them.
        # Emulation does not tell which signals faults end in.
        if any(name.endswith("sig") and value
               for name, value in native.items()):
            engines = ["ptrace"]
        for engine in engines:
            if engine == engines[-1]:
                self.record(engine)
            elif not self.is_faithful(native, results):
                continue
            self.look([*options, *LAYOUT[engine]])
            try:
                says = self.answered(PW_ANSWERS=str(self.answers))
                sure = self.answered(PW_ANSWERS=str(self.answers),
                                     PW_POISON="1")
                break
            except Failed:
                if engine == engines[-1]:
                    raise
        left_out = {}
        for name in native:
            if name in results or RESULTS.search(name):
                left_out[name] = "the result of a call"
            elif name not in says:
                left_out[name] = "the program did not print it again"
            elif says[name] != sure.get(name):
                left_out[name] = "looks at what the model does not show"
        if not self.env and (totals or not native):
            try:
                says |= self.totals(options, engine == "ptrace")
            except Failed as why:
                left_out["proc"] = str(why)
        return ({name: value for name, value in says.items()
                 if name not in left_out}, left_out, engine)


def sources(folder, only):
    """Programs of a folder, in order, or those that are asked for."""
    found = sorted(Path(folder, "programs").glob("*.c"))
    table = Path(folder, "truth.csv")
    named = table.read_text().splitlines() if table.exists() else []
    dynamic = {line.split(",")[0] for line in named if "_dyn," in line}
    found += [path.with_name(path.stem + "_dyn.c") for path in found
              if path.stem + "_dyn" in dynamic]
    return [path for path in found if not only or path.stem in only]


def warn(text):
    print(text, file=sys.stderr)
