// A question that another page of ours hands over to the conversation.

const KEY = 'etf-atlas.asked'

/** Goes to the conversation and asks there. Nobody else's link can do so: the question does not travel in the address. */
export function askInChat(question: string): void {
  try {
    sessionStorage.setItem(KEY, question)
  } catch (error) {
    console.warn('the question cannot be handed over', error)
  }
  location.assign('/')
}

/** The question that was handed over to this page, once. */
export function takeAsked(): string | null {
  try {
    const question = sessionStorage.getItem(KEY)
    sessionStorage.removeItem(KEY)
    return question
  } catch {
    return null
  }
}
