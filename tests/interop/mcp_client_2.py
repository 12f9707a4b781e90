"""A client with the Python SDK 2.x: PROGRAM ERA PERSON."""

import asyncio
import os
import sys

from mcp import Client, MCPError, StdioServerParameters
from mcp_types import ElicitResult

from mcp_steps import BIG, FIFO, HANG, PLAN, READ, WRITE

PROGRAM, ERA, PERSON = sys.argv[1:]


async def answer(_context, _params):
    return ElicitResult(action="accept", content={"approve": True}) if PERSON == "yes" else ElicitResult(action="decline")


def code(result):
    return "refused" if result.is_error else result.structured_content["exit_code"]


async def main():
    parameters = StdioServerParameters(command=PROGRAM, args=["mcp"], env=dict(os.environ))
    async with Client(parameters, mode=ERA, elicitation_callback=None if PERSON == "none" else answer) as client:
        tools = (await client.list_tools()).tools
        print("tools", sum(bool(tool.output_schema) for tool in tools))
        plan = await client.call_tool("plan", PLAN)
        print("plan", plan.structured_content["permissions"][0]["action"])
        print("run", code(await client.call_tool("run", READ)))
        big = await client.call_tool("run", BIG)
        print("big", big.structured_content["stdout"]["bytes"])
        try:
            await client.call_tool("nothing", {})
        except MCPError:
            print("unknown refused")
        os.mkfifo(FIFO)
        call = asyncio.ensure_future(client.call_tool("run", HANG))
        alive = await asyncio.to_thread(open, FIFO)
        assert await asyncio.to_thread(alive.readline) == "started\n"
        call.cancel()
        assert await asyncio.to_thread(alive.read) == ""
        print("cancelled gone")
        print("write", code(await client.call_tool("run", WRITE)))


asyncio.run(main())
