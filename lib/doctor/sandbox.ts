/** What a learner should know when containers have no sandbox. @param reason a part of a sentence, as the lab gives it */
export function sandboxAdvice(reason: string): string {
  return `The lab’s containers run without a sandbox: their programs can read this computer’s files and use its network. The reason: ${reason}. The tutorial works all the same; run only images and units that you trust.`;
}
