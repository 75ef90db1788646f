"""Writes man pages from the programs' help."""

import gzip

# What a program is, in the form of a man page's first line.
SUMMARIES = {
    "samoyed-worker": "recognizes images for samoyed-dispatcher and clientsocket",
    "samoyed-dispatcher": "web page and API of the image recognition service",
    "clientsocket": "recognizes images from the command line",
    "clientsocket-bench": "measures image recognition under load",
}

DECODER_PAGE = r""".TH SAMOYED-DECODER 1 "" "Samoyed" "User Commands"
.SH NAME
samoyed-decoder \- decodes images for samoyed-worker in confined processes
.SH DESCRIPTION
.BR samoyed-worker (1)
starts this program from its own folder, for image formats whose libraries have a poor security record. It has no
options and isn't meant to be started by hand.
.SH SEE ALSO
.BR samoyed-worker (1)
"""


ANNOUNCER_PAGE = r""".TH SAMOYED-ANNOUNCER 1 "" "Samoyed" "User Commands"
.SH NAME
samoyed-announcer \- tells a dispatcher of a samoyed-worker
.SH DESCRIPTION
.BR samoyed-worker (1)
starts this program from its own folder if it is given
.BR \-\-announce ,
because a worker gives up its own right to connect. It has no options and isn't meant to be started by hand.
.SH SEE ALSO
.BR samoyed-worker (1)
"""


def roff(text):
    """A text as roff: nothing in it is a request or an escape."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("`", "\\(ga")
    return "\\&" + text if text.startswith(".") else text


def option_lines(option):
    """An option with its meaning, as a tagged paragraph."""
    names = ", ".join(f"\\fB{roff(name)}\\fR" for name in option.names)
    value = f" \\fI{roff(option.value)}\\fR" if option.value else ""
    notes = [f"{key}: {text}" if text else key for key, text in option.notes.items()]
    notes_text = f" [{'; '.join(reversed(notes))}]" if notes else ""
    return [".TP", names + value, roff(option.meaning + notes_text)]


def page(program_help):
    """The man page of a program or subcommand."""
    name = "-".join(program_help.words)
    lines = [f'.TH {roff(name.upper())} 1 "" "Samoyed" "User Commands"', ".SH NAME",
             f"{roff(name)} \\- {roff(SUMMARIES[name])}", ".SH SYNOPSIS",
             f".B {roff(' '.join(program_help.words))}", roff(program_help.usage.removeprefix(" ".join(program_help.words)).strip()),
             ".SH DESCRIPTION", roff(program_help.introduction), ".SH OPTIONS"]
    for title, options in program_help.groups.items():
        if title != "Options":
            lines.append(f".SS {roff(title)}")
        for option in options:
            lines += option_lines(option)
    lines += [".SH EXIT STATUS", "0 after success, 2 after a wrong command line, 1 after any other failure.",
              ".SH EXAMPLES", ".nf", *(roff(example) for example in program_help.examples), ".fi"]
    if program_help.closing:
        lines += [".PP", roff(program_help.closing)]
    others = [other for other in SUMMARIES if other != name]
    lines += [".SH SEE ALSO", *(f".BR {roff(other)} (1){',' if other != others[-1] else ''}" for other in others)]
    return "\n".join(lines) + "\n"


def write_pages(folder, helps):
    """Writes FOLDER/man1/NAME.1.gz, compressed as distributions want it."""
    pages = {"-".join(program_help.words): page(program_help) for program_help in helps}
    if "samoyed-worker" in pages:
        pages["samoyed-decoder"] = DECODER_PAGE
        pages["samoyed-announcer"] = ANNOUNCER_PAGE
    (folder / "man1").mkdir(parents=True, exist_ok=True)
    for name, text in pages.items():
        # Without a time, so that the same help gives the same bytes.
        (folder / "man1" / f"{name}.1.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
