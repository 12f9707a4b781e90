"""A client with the Python SDK 1.x: PROGRAM ERA PERSON."""

import asyncio
import os
import sys

from mcp import ClientSession, StdioServerParameters, types
from mcp.client.stdio import stdio_client
from mcp.shared.exceptions import McpError

from mcp_steps import BIG, FIFO, HANG, PLAN, READ, WRITE

PROGRAM, _, PERSON = sys.argv[1:]


async def answer(_context, _params):
    return types.ElicitResult(action="accept", content={"approve": True}) if PERSON == "yes" else types.ElicitResult(action="decline")


def code(result):
    return "refused" if result.isError else result.structuredContent["exit_code"]


async def main():
    parameters = StdioServerParameters(command=PROGRAM, args=["mcp"], env=dict(os.environ))
    async with stdio_client(parameters) as (reader, writer), ClientSession(
            reader, writer, elicitation_callback=None if PERSON == "none" else answer) as session:
        await session.initialize()
        tools = (await session.list_tools()).tools
        print("tools", sum(bool(tool.outputSchema) for tool in tools))
        plan = await session.call_tool("plan", PLAN)
        print("plan", plan.structuredContent["permissions"][0]["action"])
        print("run", code(await session.call_tool("run", READ)))
        big = await session.call_tool("run", BIG)
        print("big", big.structuredContent["stdout"]["bytes"])
        try:
            await session.call_tool("nothing", {})
        except McpError:
            print("unknown refused")
        os.mkfifo(FIFO)
        number = session._request_id
        call = asyncio.ensure_future(session.call_tool("run", HANG))
        alive = await asyncio.to_thread(open, FIFO)
        assert await asyncio.to_thread(alive.readline) == "started\n"
        cancelled = types.CancelledNotification(params=types.CancelledNotificationParams(requestId=number))
        await session.send_notification(types.ClientNotification(cancelled))
        assert await asyncio.to_thread(alive.read) == ""
        call.cancel()
        print("cancelled gone")
        print("write", code(await session.call_tool("run", WRITE)))


asyncio.run(main())
