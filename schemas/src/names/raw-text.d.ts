/** Vite and Vitest deliver any file as text when `?raw` follows its path; specs read documents so. */
declare module '*?raw' {
  const text: string;
  export default text;
}
