/** Names repeat from object to object; this many are remembered before starting over. */
const NAMES_MAX = 5_000;
/** Longer names are keys of user data rather than fields. */
const NAME_MAX_LENGTH = 128;

/** `look`, asked once for each name: for pure functions of the names of fields, in bounded memory whatever the names. */
export function rememberByName<Answer>(look: (name: string) => Answer): (name: string) => Answer {
  const answers = new Map<string, { readonly answer: Answer }>();
  return (name) => {
    const known = answers.get(name);
    if (known !== undefined) return known.answer;
    const answer = look(name);
    if (answers.size >= NAMES_MAX) answers.clear();
    if (name.length <= NAME_MAX_LENGTH) answers.set(name, { answer });
    return answer;
  };
}
