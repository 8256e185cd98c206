/**
 * Tones as FreeSWITCH's tone_stream takes them: `%(ON ms, OFF ms, Hz...)`. They stand in where no recorded prompt is
 * installed. No spaces: they are also arguments.
 */
export const tones = {
  /** 1000 Hz for ever. */
  steady: 'tone_stream://%(10000,0,1000);loops=-1',
  /** What now? Two rising beeps. */
  ask: 'tone_stream://%(150,50,600);%(150,200,800)',
  /** Done. Two short high beeps. */
  done: 'tone_stream://%(80,60,900);%(80,60,900)',
  /** Not so. One low tone. */
  refused: 'tone_stream://%(500,100,300)',
  /** Good-bye. Two falling beeps. */
  goodbye: 'tone_stream://%(150,50,800);%(300,100,600)',
  /** Something is there: three short beeps. */
  present: 'tone_stream://%(80,80,1000);%(80,80,1000);%(80,80,1000)',
} as const;
