export const AttentionPage = () => null
