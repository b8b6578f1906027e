import { describe, expect, test } from 'vitest';
import { RecoveryPoint } from '../../src/live/recovery.ts';

const at = (epoch: string, offset: string) => ({ epoch, offset });

describe('recovery', () => {
  test('the first join asks for nothing and starts at the node’s position', () => {
    const point = new RecoveryPoint();
    expect(point.join_payload()).toEqual({});
    expect(point.joined(at('e1', '7'))).toBe('fresh');
    expect(point.current).toEqual(at('e1', '7'));
  });

  test('a rejoin asks from the last push', () => {
    const point = new RecoveryPoint();
    point.join_payload();
    point.joined(at('e1', '7'));
    point.pushed({ ...at('e1', '9'), events: [] });
    expect(point.join_payload()).toEqual({ recover: at('e1', '9') });
  });

  test('a rejoin on a quiet topic asks from where the first join began', () => {
    const point = new RecoveryPoint();
    point.join_payload();
    point.joined(at('e1', '7'));
    expect(point.join_payload()).toEqual({ recover: at('e1', '7') });
  });

  test('a recovered join does not move the position, so a cut among the missed pushes loses none', () => {
    const point = new RecoveryPoint();
    point.join_payload();
    point.joined(at('e1', '7'));
    point.join_payload();
    expect(point.joined({ ...at('e1', '40'), recovered: true })).toBe('resumed');
    expect(point.current).toEqual(at('e1', '7'));
    point.pushed(at('e1', '8'));
    expect(point.join_payload()).toEqual({ recover: at('e1', '8') });
  });

  test('a join that could not be recovered starts afresh and says lost', () => {
    const point = new RecoveryPoint();
    point.join_payload();
    point.joined(at('e1', '7'));
    point.join_payload();
    expect(point.joined({ ...at('e2', '3'), recovered: false })).toBe('lost');
    expect(point.current).toEqual(at('e2', '3'));
  });

  test('an answer that does not say whether it recovered counts as lost', () => {
    const point = new RecoveryPoint();
    point.join_payload();
    point.joined(at('e1', '7'));
    point.join_payload();
    expect(point.joined(at('e1', '9'))).toBe('lost');
  });

  test('a join that was refused or timed out changes nothing', () => {
    const point = new RecoveryPoint();
    point.join_payload();
    point.joined(at('e1', '7'));
    point.join_payload();
    expect(point.join_payload()).toEqual({ recover: at('e1', '7') });
  });

  test('a push without a position leaves it where it was', () => {
    const point = new RecoveryPoint();
    point.join_payload();
    point.joined(at('e1', '7'));
    point.pushed({ agent: {} });
    point.pushed(null);
    expect(point.current).toEqual(at('e1', '7'));
  });

  test('a token travels in the payload when it is given', () => {
    expect(new RecoveryPoint().join_payload('k')).toEqual({ token: 'k' });
  });
});
