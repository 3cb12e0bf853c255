// Runs the page's own timeline over what a test recorded: reads {start, old, told} on stdin, prints the list.
import { Timeline } from "../../static/chat/timeline.js";

let text = "";
for await (const piece of process.stdin) text += piece;
const { start, old, told } = JSON.parse(text);
const timeline = new Timeline();
timeline.started = true;
timeline.last = start;
timeline.add(old);
for (const message of told) timeline.add([message]);
process.stdout.write(JSON.stringify(timeline.messages));
