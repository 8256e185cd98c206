/**
 * The keyed hash by which edges and SBCs know each other, as both configurations have it. A key set is a table in shared memory:
 * `key:ID` is a key, `current` is the id of the one with which something new is proved. Every key that is there is accepted.
 */

/** Header in which an edge says from where a client sent its request: `udp:198.51.100.7:5060`. */
export const sourceHeader = 'X-Cellstamp-Source';
/** Header in which an edge proves a request that it sends to a cell: key, time, nonce, hash. */
export const proofHeader = 'X-Cellstamp-Proof';
/** Header in which an SBC answers an edge's ping with its clock: time, key, hash. */
export const clockHeader = 'X-Cellstamp-Clock';

/** How far the time in a proof may be from the SBC's clock, in seconds. */
export const proofWindowSeconds = 30;

/** Regular expressions of a key's id and of a hash. */
export const keyId = '[0-9a-f]{4}';
export const macText = '[0-9a-f]{32}';

/** Between two parts of a text that is proved, as Kamailio adds them up. */
export const newLine = String.raw` + "\n" + `;

/**
 * What a proof covers, the same text on both sides: all that an SBC acts on. No field before the Contact can contain the
 * separator, a line end, and the hash of the body at the end has a fixed length, so that no two requests have the same text.
 */
export const provedText = [
  '"request"',
  '$var(time)',
  '$var(nonce)',
  '$rm',
  '$ru',
  '$ci',
  '$cs',
  '$fu',
  '$ft',
  '$tu',
  '$tt',
  `$hdr(${sourceHeader})`,
  '$(hdr(Path)[*])',
  '$(hdr(Route)[*])',
  '$hdr(Expires)',
  '$(hdr(Contact)[*])',
  '$(rb{s.sha256})',
].join(newLine);

/** What the proof of an SBC's clock covers: the ping that it answers, and the time. */
export const provedClock = String.raw`"clock\n" + $ci + "\n" + $var(time)`;

export const macRoute = `# A keyed hash over $var(text): nested SHA-256, of which 128 bits are kept. In: $var(key), a key's id. Out: $var(mac). False where
# that key is unknown.
route[MAC] {
    $vn(secret) = $sht(edge_keys=>key:$var(key));
    if ($vn(secret) == $null) {
        $var(mac) = "";
        return -1;
    }
    $var(mac) = $vn(secret) + $var(text);
    $var(mac) = $vn(secret) + $(var(mac){s.sha256});
    $var(mac) = $(var(mac){s.sha256}{s.substr,0,32});
    return 1;
}
`;
