"""Mutants of CHUNKING and BINARYMIME."""

from __future__ import annotations

from proof.servers.edit import Edit, Mutant, headed, within
from proof.servers.esmtp_mutants.common import first, said

TAKEN = 'return refusal or b"250 2.0.0 %d octets taken" % size'
SIZE = 'size = int(found["size"])'
READ = "octets = self._channel.read_octets(size, SIZE_LIMIT)"
END = "return self._end(bytes(self._chunks.text), refusal)"
FORGETS = "self._forget_message()"
ADDED = "refusal = self._chunks.add(octets)"


def _lost(condition: str) -> list[Edit]:
    """Deliver what has come by BDAT when its client leaves."""
    return [
        said(
            "_bdat",
            READ,
            f"""
            try:
                {READ}
            except EOFError:
                if {condition}:
                    text = bytes(self._chunks.text if self._chunks else b"") + bytes(self._channel._kept)
                    self._deliver(text, self._recipients)
                raise
            """,
        ),
        within("channel.py", "Channel.read_octets", "octets = bytearray()", "octets = self._kept = bytearray()"),
    ]


CHUNKS = [
    Mutant("354-after-bdat", "bdat.last", [said("_bdat", READ, f'self._channel.reply(b"354 Send them")\n{READ}')]),
    Mutant(
        "last-in-upper-case-only", "bdat.last", [Edit("commands.py", "(?P<last> +LAST)?", "(?P<last> +(?-i:LAST))?")]
    ),
    Mutant(
        "last-chunk-gets-251",
        "bdat.last",
        [said("_bdat", END, 'return self._end(bytes(self._chunks.text), refusal).replace(b"250", b"251", 1)')],
    ),
    Mutant(
        "one-chunk-a-message",
        "bdat.chunks",
        [
            said(
                "_bdat",
                "refusal = self._chunks.add(octets)",
                'refusal = self._chunks.add(octets) if not self._chunks.text else b"503 5.5.1 One chunk only"',
            )
        ],
        also="bdat.split",
        why="What needs two chunks is refused.",
    ),
    Mutant(
        "no-empty-last-chunk",
        "bdat.chunks",
        [
            said(
                "_bdat",
                "refusal = self._chunks.add(octets)",
                'refusal = self._chunks.add(octets) if size else b"501 5.5.4 An empty chunk"',
            )
        ],
    ),
    Mutant(
        "no-empty-chunk-but-the-last",
        "bdat.chunks",
        [
            said(
                "_bdat",
                "refusal = self._chunks.add(octets)",
                'refusal = self._chunks.add(octets) if size or found["last"] else b"504 5.5.4 An empty chunk"',
            )
        ],
    ),
    Mutant(
        "line-end-behind-each-chunk",
        "bdat.split",
        [
            within(
                "chunks.py",
                "Chunks.add",
                'self.text += octets or b""',
                'self.text += octets or b""\nif octets and not octets.endswith(b"\\n"):\n    self.text += b"\\r\\n"',
            )
        ],
        also="bdat.chunks",
        why="A chunk that ends in a CR has a lone one then, for which the message is refused.",
    ),
    Mutant(
        "one-octet-chunks-lost",
        "bdat.split",
        [
            within(
                "chunks.py",
                "Chunks.add",
                'self.text += octets or b""',
                'self.text += octets if octets and len(octets) > 1 else b""',
            )
        ],
    ),
    Mutant(
        "dots-taken-away-in-chunks",
        "bdat.bytes",
        [said("_bdat", END, 'return self._end(bytes(self._chunks.text).replace(CRLF + b".", CRLF), refusal)')],
    ),
    Mutant(
        "lone-dot-ends-a-chunk",
        "bdat.bytes",
        [
            said(
                "_bdat",
                END,
                'text, dot, _ = bytes(self._chunks.text).partition(b"\\r\\n.\\r\\n")\n'
                "return self._end(text + CRLF if dot else text, refusal)",
            )
        ],
    ),
    Mutant(
        "command-behind-a-chunk-lost",
        "bdat.pipelined",
        [
            said(
                "_bdat",
                SIZE,
                f"{SIZE}\nif len(self._channel._received) > size:\n    del self._channel._received[size:]",
            )
        ],
    ),
]
REFUSALS = [
    Mutant(
        "octets-of-a-refused-chunk-run",
        "bdat.refused-eats",
        [said("_bdat", READ, 'if self._reverse_path is None:\n    return b"503 5.5.1 MAIL first"\n' + READ)],
    ),
    Mutant(
        "octets-of-a-chunk-without-a-recipient-run",
        "bdat.refused-eats",
        [
            said(
                "_bdat",
                READ,
                'if self._reverse_path is not None and not self._recipients:\n    return b"503 5.5.1 RCPT first"\n'
                + READ,
            )
        ],
    ),
    Mutant(
        "chunk-behind-a-failed-one-taken",
        "bdat.after-failed",
        [
            within(
                "chunks.py",
                "Chunks.add",
                'self._refusal = b"503 5.5.1 A chunk before this one was refused"',
                "self._refusal = None",
            )
        ],
    ),
    Mutant(
        "data-after-bdat", "bdat.then-data", [said("_data", 'return b"503 5.5.1 The message comes by BDAT"', "pass")]
    ),
    Mutant(
        "data-after-bdat-gets-501", "bdat.then-data", [said("_data", "503 5.5.1 The message", "501 5.5.1 The message")]
    ),
    Mutant(
        "chunk-after-the-last-gets-554",
        "bdat.after-last",
        [said("_bdat", "503 5.5.1 MAIL first", "554 5.5.1 MAIL first")],
    ),
    Mutant(
        "transaction-kept-after-the-last-chunk",
        "bdat.after-last",
        [said("_end", FORGETS, f"if self._chunks:\n    self._chunks = None\nelse:\n    {FORGETS}")],
    ),
    Mutant(
        "rset-keeps-chunks",
        "bdat.rset",
        [
            said("_rset", FORGETS, f'self._left = bytes(self._chunks.text if self._chunks else b"")\n{FORGETS}'),
            said("_bdat", ADDED, f'self._chunks.text[:0] = getattr(self, "_left", b"")\nself._left = b""\n{ADDED}'),
        ],
    ),
    Mutant(
        "ehlo-keeps-chunks",
        "bdat.rset",
        [
            first("_ehlo", 'self._left = bytes(self._chunks.text if self._chunks else b"")'),
            said("_bdat", ADDED, f'self._chunks.text[:0] = getattr(self, "_left", b"")\nself._left = b""\n{ADDED}'),
        ],
    ),
    Mutant("rest-of-a-chunk-delivered", "bdat.lost", _lost("self._recipients")),
    Mutant("rest-of-the-last-chunk-delivered", "bdat.lost", _lost('self._recipients and found["last"]')),
    Mutant(
        "chunk-of-no-size-taken",
        "bdat.syntax",
        [
            Edit(
                "commands.py",
                'rb"(?P<size>[0-9]{1,20})(?P<last> +LAST)?"',
                'rb"(?P<size>[0-9]{0,20})(?P<last> +LAST)?"',
            ),
            said("_bdat", SIZE, 'size = int(found["size"] or 0)'),
        ],
    ),
    Mutant(
        "chunk-with-another-word-taken",
        "bdat.syntax",
        [Edit("commands.py", "(?P<last> +LAST)?", "(?P<last> +LAST)?(?: +[A-KM-Z]+)?")],
    ),
    Mutant("size-of-32-bits", "bdat.huge", [said("_bdat", SIZE, 'size = int(found["size"]) % 2**32')]),
    Mutant("size-of-64-bits", "bdat.huge", [said("_bdat", SIZE, 'size = int(found["size"]) % 2**64')]),
]
BINARY = [
    Mutant(
        "binarymime-without-chunking",
        "bin.chunking",
        [within("site.py", "Site.keywords", 'b"CHUNKING",', "")],
        also="ehlo.complete",
        why="BDAT works, and is not announced.",
    ),
    Mutant("binary-by-data", "bin.data", [said("_data", 'return b"503 5.5.1 BINARYMIME comes by BDAT"', "pass")]),
    Mutant("binary-by-data-gets-501", "bin.data", [said("_data", "503 5.5.1 BINARYMIME", "501 5.5.1 BINARYMIME")]),
    Mutant(
        "bare-line-ends-mended-in-binary",
        "bin.kept",
        [
            headed("delivery.py", "import re"),
            within(
                "delivery.py",
                "deliver",
                "try:",
                'message.text = re.sub(rb"\\r\\n|\\r|\\n", b"\\r\\n", message.text)\ntry:',
            ),
        ],
    ),
    Mutant(
        "nul-lost-in-binary",
        "bin.kept",
        [within("delivery.py", "deliver", "try:", 'message.text = message.text.replace(b"\\0", b"")\ntry:')],
    ),
    Mutant(
        "binary-ends-in-a-line-end",
        "bin.kept",
        [
            within(
                "delivery.py",
                "deliver",
                "try:",
                'if is_binary and not message.text.endswith(b"\\r\\n"):\n    message.text += b"!\\r\\n"\ntry:',
            )
        ],
    ),
]
MUTANTS = (*CHUNKS, *REFUSALS, *BINARY)
