// Runs the page's own timeline and state over what a test recorded: reads JSON on stdin, prints what they end with.
// {start, old, told} → messages; {answer, told} → the room's state after `answer` and the changes told since.
import { State } from "../../static/chat/state.js";
import { Timeline } from "../../static/chat/timeline.js";

let text = "";
for await (const piece of process.stdin) text += piece;
const asked = JSON.parse(text);

function messages({ start, old, told }) {
  const timeline = new Timeline();
  timeline.started = true;
  timeline.last = start;
  timeline.add(old);
  for (const message of told) timeline.add([message]);
  return timeline.messages;
}

function state({ answer, told }) {
  const room = new State();
  room.take(answer.state, answer.members, answer.seen);
  let stale = false;
  for (const [name, data] of told) {
    if (name === "change") stale = room.change(data).stale || stale;
    if (name === "read") room.marks(data.marks);
    if (name === "seen") room.sawAnnouncement(data.seq, data.staff_id);
  }
  const seen = [...room.seen].sort((one, other) => one - other);
  return { state: room.now, members: room.members, seen, stale };
}

process.stdout.write(JSON.stringify("answer" in asked ? state(asked) : messages(asked)));
