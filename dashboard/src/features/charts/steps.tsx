import { type Point, top } from "./counts.ts";

interface Props {
  label: string;
  points: readonly Point[];
  until: number;
}

const WIDTH = 1000;
const HEIGHT = 100;

/** A number over time, which stays as it is until it changes. */
export function Steps({ label, points, until }: Props) {
  const end = top(points.map(({ inside }) => inside));
  const from = points[0]?.at ?? until;
  const x = (at: number) => (until > from ? ((Math.min(at, until) - from) / (until - from)) * WIDTH : 0);
  const y = (inside: number) => HEIGHT - (inside / end) * HEIGHT;
  const path = points.map(({ at, inside }, index) => `${index === 0 ? "M" : "H"}${x(at)}${index === 0 ? " " : "V"}${y(inside)}`);

  return (
    <div className="bars" role="img" aria-label={label}>
      <div className="scale">
        <span>{end}</span>
        <span>{Number.isInteger(end / 2) ? end / 2 : ""}</span>
        <span>0</span>
      </div>
      <svg className="steps" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none">
        <path className="steps-area" d={`${path.join("")}H${WIDTH}V${HEIGHT}H0z`} />
        <path className="steps-line" d={`${path.join("")}H${WIDTH}`} />
      </svg>
    </div>
  );
}
