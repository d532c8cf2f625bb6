/** Where a package's software bill of materials is: beside the zip, with the ending that CycloneDX recommends. */

/** `dist/orders.cdx.json` for `dist/orders.zip`, and for the folder `dist/orders`. */
export function sbomPlace(packagePath: string): string {
  return `${packagePath.replace(/\/+$/, '').replace(/\.zip$/i, '')}.cdx.json`
}
