export const AnswersDue = () => null
