/** The words of the contract in the language of whoever reads. What is not known is shown as it came. */
import type { Key } from "../i18n/index.ts";
import { useTexts } from "../i18n/index.ts";
import { en } from "../i18n/en.ts";

/** What says the contract's values. */
export function useWords() {
  const { t } = useTexts();
  const word = (kind: string) => (value: string) => {
    const key = `${kind}.${value}`;
    return isKey(key) ? t(key) : value.replaceAll("_", " ");
  };

  return {
    position: word("position"),
    mode: word("mode"),
    fault: word("fault"),
    state: word("system"),
    decision: word("decision"),
    device: word("device"),
    event: word("event"),
    action: word("action"),
    code: word("code"),
    step: word("step"),
    movedBy: word("moved_by"),
    card: word("card"),
    error: word("error"),
    role: word("role"),
  };
}

function isKey(key: string): key is Key {
  return key in en;
}
