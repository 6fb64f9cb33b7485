// The OCI image layout on disk: index.json, and blobs named by their digest. https://github.com/opencontainers/image-spec
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { replaceFile } from '#lib/lab/files.ts';

export const mediaTypes = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
} as const;

export const tagAnnotation = 'org.opencontainers.image.ref.name';

const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);
const descriptor = z.object({ mediaType: z.string(), digest, size: z.int().nonnegative() });

const indexSchema = z.object({
  schemaVersion: z.literal(2),
  manifests: z.array(descriptor.extend({ annotations: z.record(z.string(), z.string()).optional() })),
});

const manifestSchema = z.object({ schemaVersion: z.literal(2), config: descriptor, layers: z.array(descriptor).max(128) });

const strings = z.array(z.string());

const configSchema = z.object({
  created: z.string(),
  architecture: z.string(),
  os: z.string(),
  config: z.object({
    Env: strings.optional(),
    Entrypoint: strings.optional(),
    Cmd: strings.optional(),
    WorkingDir: z.string().optional(),
    ExposedPorts: z.record(z.string(), z.object({})).optional(),
    Labels: z.record(z.string(), z.string()).optional(),
    StopSignal: z.string().optional(),
  }),
  rootfs: z.object({ type: z.literal('layers'), diff_ids: z.array(digest) }),
  history: z.array(z.object({ created_by: z.string().optional(), empty_layer: z.boolean().optional() })).optional(),
});

export type Descriptor = z.infer<typeof descriptor>;
export type ImageIndex = z.infer<typeof indexSchema>;
export type ImageManifest = z.infer<typeof manifestSchema>;
export type ImageConfig = z.infer<typeof configSchema>;

/** Manifests and configurations are small; a larger one is not read. */
const jsonBytes = 4 * 1024 * 1024;

export function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** Where a layout keeps a blob. The digest must be well formed, so it cannot lead elsewhere. */
export function blobPath(layout: string, blob: string): string {
  return join(layout, 'blobs', ...digest.parse(blob).split(':'));
}

export async function readIndex(layout: string): Promise<ImageIndex> {
  return indexSchema.parse(JSON.parse(await readFile(join(layout, 'index.json'), 'utf8')));
}

export async function readManifest(layout: string, blob: string): Promise<ImageManifest> {
  return manifestSchema.parse(JSON.parse((await readBlob(layout, blob)).toString('utf8')));
}

export async function readConfig(layout: string, blob: string): Promise<ImageConfig> {
  return configSchema.parse(JSON.parse((await readBlob(layout, blob)).toString('utf8')));
}

export async function writeBlob(layout: string, bytes: Buffer): Promise<{ digest: string; size: number }> {
  const name = digestOf(bytes);
  await replaceFile(blobPath(layout, name), bytes);
  return { digest: name, size: bytes.length };
}

async function readBlob(layout: string, blob: string): Promise<Buffer> {
  const bytes = await readFile(blobPath(layout, blob));
  if (bytes.length > jsonBytes) throw new Error(`The image's description ${blob} is larger than ${jsonBytes} bytes, so it is refused.`);
  const actual = digestOf(bytes);
  if (actual !== blob) throw new Error(`The image is damaged: ${blob} has the content of ${actual}. Remove the image and pull it again.`);
  return bytes;
}
