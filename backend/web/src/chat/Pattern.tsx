import { pieces } from './slots'

/** A verified question with its places marked. */
export function Pattern({ question }: { question: string }) {
  return pieces(question).map(({ text, place }, index) =>
    place ? <span className="place" key={index}>{text}</span> : text,
  )
}
