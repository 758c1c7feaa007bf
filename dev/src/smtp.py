"""A mail server for tests: keeps what it accepts, and refuses as mailboxes do.

usage: smtp.py <directory> [<port>]

Listens on 127.0.0.1, on this port or a free one, and writes the port to <directory>/port. Each accepted message becomes one file
<directory>/messages/<n>.eml, complete when it appears. A recipient whose local part starts with `bounce` is refused for
good (550); the first attempt at each one that starts with `busy` is put off (451).
"""

import asyncio
import os
import signal
import sys

from aiosmtpd.smtp import SMTP


class Mailboxes:
    def __init__(self, directory):
        self.directory = directory
        self.seen_busy = set()
        self.count = len(os.listdir(os.path.join(directory, "messages")))

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        local = address.partition("@")[0].lower()
        if local.startswith("bounce"):
            return "550 5.1.1 no such mailbox"
        if local.startswith("busy") and address not in self.seen_busy:
            self.seen_busy.add(address)
            return "451 4.2.1 mailbox busy, try again later"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 recipient ok"

    async def handle_DATA(self, server, session, envelope):
        self.count += 1
        name = os.path.join(self.directory, "messages", "%06d.eml" % self.count)
        with open(name + ".part", "wb") as file:
            file.write(envelope.original_content)
        os.rename(name + ".part", name)
        return "250 2.0.0 kept as %06d" % self.count


async def main(directory, port=0):
    os.makedirs(os.path.join(directory, "messages"), exist_ok=True)
    loop = asyncio.get_running_loop()
    mailboxes = Mailboxes(directory)
    server = await loop.create_server(lambda: SMTP(mailboxes, hostname="mail.example", enable_SMTPUTF8=True), "127.0.0.1", int(port))
    path = os.path.join(directory, "port")
    with open(path + ".part", "w") as file:
        file.write(str(server.sockets[0].getsockname()[1]))
    os.rename(path + ".part", path)
    ended = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    await ended.wait()
    server.close()


asyncio.run(main(*sys.argv[1:]))
