/** One gate and all that is known of it. */
export default function Gate({ gate }: { gate: string }) {
  return <h1>{gate}</h1>;
}
