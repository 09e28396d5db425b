import { useTexts } from "../../i18n/index.ts";
import { top } from "./counts.ts";
import "./charts.css";

interface Props {
  /** What the chart shows, in a sentence. */
  label: string;
  /** Names of the values of each column. */
  series: readonly string[];
  columns: readonly Column[];
  /** What the columns are of, for the table. */
  heading: string;
}

interface Column {
  name: string;
  /** What stands below it, where that is so short that there is room for it below each column. */
  short?: string;
  values: readonly number[];
}

/** As many columns can have their names below them, on a desk and on a telephone. */
const NAMES = { wide: 10, narrow: 6 };

/** Columns beside each other, and the same as a table for who would rather read. */
export function Bars({ label, series, columns, heading }: Props) {
  const { t } = useTexts();
  const isNamed = (place: number, { short }: Column, names: number) =>
    short !== undefined || place % Math.ceil(columns.length / names) === 0 || undefined;
  const end = top(columns.flatMap(({ values }) => values));

  return (
    <div className="stack tight">
      <ul className="legend" aria-hidden="true">
        {series.map((name, index) => (
          <li key={name}>
            <span className="swatch" data-series={index} />
            {name}
          </li>
        ))}
      </ul>
      <div className="bars" role="img" aria-label={label}>
        <div className="scale">
          <span>{end}</span>
          <span>{Number.isInteger(end / 2) ? end / 2 : ""}</span>
          <span>0</span>
        </div>
        <div className="columns">
          {columns.map((column, place) => (
            <div key={column.name} className="column" title={`${column.name}: ${column.values.join(" / ")}`}>
              <div className="column-values">
                {column.values.map((value, index) => (
                  <span
                    key={series[index]}
                    className="swatch chart-bar"
                    data-series={index}
                    data-value={value}
                    style={{ height: `${(100 * value) / end}%` }}
                  />
                ))}
              </div>
              <span
                className="column-name"
                data-wide={isNamed(place, column, NAMES.wide)}
                data-narrow={isNamed(place, column, NAMES.narrow)}
              >
                {column.short ?? column.name}
              </span>
            </div>
          ))}
        </div>
      </div>
      <details>
        <summary>{t("charts.table")}</summary>
        <div className="table-frame">
          <table>
            <thead>
              <tr>
                <th scope="col">{heading}</th>
                {series.map((name) => (
                  <th key={name} scope="col" className="number">
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {columns.map(({ name, values }) => (
                <tr key={name}>
                  <th scope="row">{name}</th>
                  {values.map((value, index) => (
                    <td key={series[index]} className="number">
                      {value}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </div>
  );
}
