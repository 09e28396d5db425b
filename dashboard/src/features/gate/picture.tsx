import { useState } from "react";

import { useTexts } from "../../i18n/index.ts";
import type { GateState } from "../../live/gate.ts";
import { Icon } from "../../ui/icon.tsx";
import { health } from "./view.ts";

/** The latest picture of a gate. */
export function Picture({ gate }: { gate: GateState }) {
  const { t } = useTexts();
  const camera = health(gate, "camera");
  if (!gate.picture && camera !== "good") {
    return <NoPicture>{t(camera === "none" ? "picture.no_camera" : "picture.none")}</NoPicture>;
  }

  const which = gate.picture?.image.image_id ?? "first";
  return <Shot key={which} src={`/gates/${gate.id}/image.jpg?${which}`} alt={t("picture.latest", { gate: gate.id })} otherwise={t("picture.none")} />;
}

/** A picture, or in its place what there is to say without it. */
export function Shot({ src, alt, otherwise }: { src: string; alt: string; otherwise: string }) {
  const [failed, setFailed] = useState(false);
  if (failed) return <NoPicture>{otherwise}</NoPicture>;

  return <img className="picture" src={src} alt={alt} loading="lazy" onError={() => setFailed(true)} />;
}

export function NoPicture({ children }: { children: string }) {
  return (
    <div className="picture no-picture">
      <Icon name="picture" size={24} />
      <span>{children}</span>
    </div>
  );
}
