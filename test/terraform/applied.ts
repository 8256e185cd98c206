import { Emulator } from './emulator.ts';
import { TerraformFolder, type Configuration } from './terraform.ts';

export interface Applied {
  readonly emulator: Emulator;
  readonly terraform: TerraformFolder;
}

/** What a request is told that was done already when it was sent for the second time. */
const askedTwice =
  /InvalidChange|InvalidPermission\.NotFound|AlreadyExists|ConditionalCheckFailed|InvalidPermission\.Duplicate/;

/**
 * Applies a configuration to a fresh emulator. On a busy machine the emulator answers so late that the provider sends a
 * request again, whose effect is there already: then it starts over, once.
 *
 * @param prepare what the emulator is to hold before
 */
export async function applied(
  configuration: Configuration,
  prepare: (emulator: Emulator) => void = () => undefined,
): Promise<Applied> {
  for (let attempt = 1; ; attempt++) {
    const emulator = await Emulator.start();
    const terraform = new TerraformFolder(emulator.port);
    try {
      prepare(emulator);
      terraform.write(configuration);
      await terraform.succeed(['init', '-no-color', '-input=false']);
      await terraform.succeed(['apply', '-no-color', '-input=false', '-auto-approve']);
      return { emulator, terraform };
    } catch (error) {
      emulator.stop();
      terraform.remove();
      if (attempt === 2 || !askedTwice.test((error as Error).message)) throw error;
      console.log(`Applied once more: ${/Error: .*/.exec((error as Error).message)?.[0]}`);
    }
  }
}
