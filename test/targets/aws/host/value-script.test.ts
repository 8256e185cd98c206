import { describe, expect, it } from 'vitest';
import { valueScript } from '../../../../lib/targets/aws/host/value-script.ts';

describe('valueScript', () => {
  it('refuses a value that this target cannot give, before anything is deployed', () => {
    expect(() => valueScript('eu-west-1', [{ name: 'data_certificate' }])).toThrow(
      'on AWS nothing gives the value data_certificate',
    );
  });

  it('knows where Amazon keeps the authorities of a government region', () => {
    expect(valueScript('us-gov-west-1', [])).toContain(
      'https://truststore.pki.us-gov-west-1.rds.amazonaws.com/us-gov-west-1/',
    );
    expect(valueScript('eu-west-1', [])).toContain('https://truststore.pki.rds.amazonaws.com/eu-west-1/');
  });
});
