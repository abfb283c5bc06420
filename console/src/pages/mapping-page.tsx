export const MappingPage = () => null
