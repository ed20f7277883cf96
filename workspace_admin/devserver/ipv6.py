"""Passes on what arrives at ::1 to 127.0.0.1, where the web server listens: it can listen on one address only.

Browsers try `localhost` as ::1 first. Whatever else listens there would get what is meant for the console.
"""

import asyncio
import sys
from contextlib import suppress

HOST, WEB = "::1", "127.0.0.1"
_PIECE = 65_536


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while piece := await reader.read(_PIECE):
            writer.write(piece)
            await writer.drain()
        writer.write_eof()


async def serve(port: int) -> None:
    """Pass connections on until a signal ends the process; the web server may start later."""

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            their_reader, their_writer = await asyncio.open_connection(WEB, port)
        except OSError:
            writer.close()
            return
        sending = asyncio.create_task(_copy(reader, their_writer))
        try:
            await _copy(their_reader, writer)
        finally:
            sending.cancel()
            their_writer.close()
            writer.close()

    server = await asyncio.start_server(pass_on, HOST, port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
