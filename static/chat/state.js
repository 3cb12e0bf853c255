// What a room is beside its messages: name, silence, announcement, pins, members. Pure: no DOM, no socket, no clock.
//
// Every change has the next version and comes whole. One that fits is applied; one beyond a gap makes the state
// stale, and whoever holds it then looks at the room again.

const ORDER = { owner: 0, admin: 1, member: 2 };

export class State {
  constructor() {
    this.now = null;
    this.members = [];
    this.seenOf = new Map(); // announcements by number: who has read them; word of it may come before the thing
  }

  /** Staff ids of those who have read the announcement in force. */
  get seen() {
    return this.seenOf.get(this.now?.announcement?.seq) ?? new Set();
  }

  get version() {
    return this.now?.version ?? -1;
  }

  /** The state as the server has just told it; an answer that was overtaken on its way changes nothing. */
  take(now, members, seen) {
    if (now && now.version < this.version) return;
    this.now = now;
    for (const who of seen) this.sawAnnouncement(now?.announcement?.seq, who);
    const known = new Map(this.members.map((who) => [who.staff_id, who]));
    this.members = sorted(members.map((who) => newer(known.get(who.staff_id), who)));
  }

  /** A change that was told: whether it now stands, and whether changes before it are missing. */
  change({ state, members, gone }) {
    if (state.version <= this.version) return { applied: false, stale: false };
    if (this.now === null || state.version > this.version + 1) return { applied: false, stale: true };
    this.now = state;
    const kept = new Map(this.members.map((who) => [who.staff_id, who]));
    for (const who of gone) kept.delete(who);
    for (const who of members) kept.set(who.staff_id, newer(kept.get(who.staff_id), who));
    this.members = sorted([...kept.values()]);
    return { applied: true, stale: false };
  }

  /** People have read up to a number: [[staff id, number], …]. */
  marks(moved) {
    const to = new Map(moved);
    this.members = this.members.map((who) => {
      const seq = to.get(who.staff_id) ?? 0;
      return seq > who.read_seq ? { ...who, read_seq: seq } : who;
    });
  }

  /** Somebody has read the announcement `seq`. */
  sawAnnouncement(seq, staffId) {
    if (!this.seenOf.has(seq)) this.seenOf.set(seq, new Set());
    this.seenOf.get(seq).add(staffId);
  }
}

/** The same person told twice: a read mark never goes back. */
function newer(old, fresh) {
  return old && old.read_seq > fresh.read_seq ? { ...fresh, read_seq: old.read_seq } : fresh;
}

const rank = (who) => (who.kind === "bot" ? 3 : ORDER[who.role]);

function sorted(members) {
  return [...members].sort(
    (one, other) =>
      rank(one) - rank(other) || one.joined_seq - other.joined_seq || (one.staff_id ?? 0) - (other.staff_id ?? 0),
  );
}
