/** What files of a package are called that are lambdabin's own. */

/** What Lambda starts. */
export const BOOTSTRAP = 'bootstrap'

/** The licences of what the package redistributes. */
export const NOTICES_FILE = 'THIRD-PARTY-NOTICES'
