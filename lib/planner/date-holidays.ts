/**
 * The library date-holidays with the holidays of all countries. `npm run build` puts them into this file of the package, so that
 * whoever installs Cellstamp does not install the library with what it needs (45 MB, of which 1.5 MB are used).
 */
export { default } from 'date-holidays';
