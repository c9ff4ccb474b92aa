// Your side: sign what you post, check what you get. Node 20 or newer.
import { createHmac, timingSafeEqual } from "node:crypto";

const GATEWAY = "https://gateway.example/channels/app/webhook";
const SECRET = "whsec_…";
const key = Buffer.from(SECRET.replace(/^whsec_/, ""), "base64");
const signature = (id, timestamp, body) =>
  "v1," + createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64");

// A customer wrote. Where this throws, call it again with the same id: it is taken once.
export async function say(id, address, text) {
  const timestamp = String(Math.floor(Date.now() / 1000));
  const body = JSON.stringify({ type: "message", id, sender: { address }, parts: [{ part: "text", text }] });
  const headers = { "content-type": "application/json", "webhook-id": id, "webhook-timestamp": timestamp };
  headers["webhook-signature"] = signature(id, timestamp, body);
  const answer = await fetch(GATEWAY, { method: "POST", headers, body });
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
}

// What we posted to your url (raw body!), or null where it is not ours; drop a webhook-id you know.
export function hear(headers, body) {
  const timestamp = headers["webhook-timestamp"];
  const ours = Buffer.from(signature(headers["webhook-id"], timestamp, body));
  const signed = headers["webhook-signature"].split(" ").map((one) => Buffer.from(one));
  const fits = signed.some((one) => one.length === ours.length && timingSafeEqual(one, ours));
  return fits && Math.abs(Date.now() / 1000 - timestamp) < 300 ? JSON.parse(body) : null;
}
