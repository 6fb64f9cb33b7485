// The image routes of the Docker Engine API.
import type { Writable } from 'node:stream';
import type { Route } from './api-call.ts';
import { ApiError } from './api-error.ts';
import { parseFilters } from './api-filters.ts';
import type { Containers } from './containers.ts';
import { formatImageName, type ImageName, parseImageName } from './image-name.ts';
import type { ImageStore, PullProgress, StoredImage } from './image-store.ts';

export function imageRoutes(images: ImageStore, containers: Containers): Route[] {
  return [
    [
      'POST',
      /^\/images\/create$/,
      async (call) => {
        const from = call.query.get('fromImage');
        if (!from) throw new ApiError(400, 'docker import is not offered in the lab; docker pull is.');
        const name = parsedName(from, call.query.get('tag') ?? '');
        let output: Writable | null = null;
        const say = (message: object) => {
          output ??= call.stream('application/json');
          output.write(`${JSON.stringify(message)}\n`);
        };
        try {
          const { image, changed } = await images.pull(name, (progress) => {
            if (!output) say({ status: `Pulling repository ${name.repository}` });
            say(progressMessage(progress));
          });
          say({ status: `Digest: ${image.digest}` });
          say({ status: `Status: ${changed ? 'Downloaded newer image' : 'Image is up to date'} for ${formatImageName(name)}` });
        } catch (error) {
          if (!output) throw error;
          const { message } = error as Error;
          say({ errorDetail: { message }, error: message });
        }
        (output as Writable | null)?.end();
      },
    ],
    [
      'GET',
      /^\/images\/json$/,
      (call) => {
        const references = parseFilters(call.query.get('filters'), ['reference', 'dangling']).reference ?? [];
        const found = images
          .list()
          .filter(({ names }) => references.length === 0 || references.some((reference) => matches(names, reference)));
        call.json(200, found.map(listedImage));
      },
    ],
    ['GET', /^\/images\/(.+)\/json$/, (call) => call.json(200, inspectedImage(images.find(call.params[0]!)))],
    [
      'GET',
      /^\/images\/(.+)\/history$/,
      (call) => {
        const image = images.find(call.params[0]!);
        const sizes = image.layers.map((layer) => layer.size);
        const steps = (image.config.history ?? []).map((step) => ({
          Id: '<missing>',
          Created: createdSeconds(image),
          CreatedBy: step.created_by ?? '',
          Tags: null as string[] | null,
          Size: step.empty_layer ? 0 : (sizes.shift() ?? 0),
          Comment: '',
        }));
        const last = steps.at(-1);
        if (last) Object.assign(last, { Id: image.id, Tags: image.names });
        call.json(200, steps.reverse());
      },
    ],
    [
      'DELETE',
      /^\/images\/(.+)$/,
      async (call) => {
        const reference = call.params[0]!;
        refuseIfUsed(images.find(reference), reference, containers, ['1', 'true'].includes(call.query.get('force') ?? ''));
        call.json(200, await images.remove(reference));
      },
    ],
  ];
}

function parsedName(from: string, tag: string): ImageName {
  try {
    return parseImageName(from, tag);
  } catch (error) {
    throw new ApiError(400, (error as Error).message);
  }
}

function progressMessage({ layer, status, bytes }: PullProgress) {
  if (!bytes) return { status, progressDetail: {}, id: layer };
  return { status, progressDetail: bytes, progress: progressBar(bytes), id: layer };
}

function progressBar({ current, total }: { current: number; total: number }): string {
  const done = Math.floor((current / Math.max(1, total)) * 50);
  return `[${'='.repeat(done)}>${' '.repeat(50 - done)}] ${current}B/${total}B`;
}

function listedImage(image: StoredImage) {
  return {
    Id: image.id,
    ParentId: '',
    RepoTags: image.names.length > 0 ? image.names : ['<none>:<none>'],
    RepoDigests: repoDigests(image),
    Created: createdSeconds(image),
    Size: image.size,
    SharedSize: -1,
    VirtualSize: image.size,
    Labels: image.config.config.Labels ?? null,
    Containers: -1,
  };
}

function inspectedImage(image: StoredImage) {
  const { config } = image;
  return {
    Id: image.id,
    RepoTags: image.names,
    RepoDigests: repoDigests(image),
    Parent: '',
    Created: config.created,
    Config: config.config,
    Architecture: config.architecture,
    Os: config.os,
    Size: image.size,
    RootFS: { Type: 'layers', Layers: config.rootfs.diff_ids },
  };
}

function repoDigests(image: StoredImage): string[] {
  return [...new Set(image.names.map((name) => `${parseImageName(name).repository}@${image.digest}`))];
}

function createdSeconds(image: StoredImage): number {
  return Math.floor(Date.parse(image.config.created) / 1000);
}

function matches(names: string[], reference: string): boolean {
  return names.some((name) => name === reference || parseImageName(name).repository === reference);
}

/** A container has its own copy of the files, so only what runs protects its image from force. */
function refuseIfUsed(image: StoredImage, reference: string, containers: Containers, force: boolean): void {
  const users = containers.list().filter(({ record }) => record.imageId === image.id);
  const running = users.find(({ record }) => record.state.status === 'running');
  const short = (id: string) => id.replace('sha256:', '').slice(0, 12);
  if (running && force) {
    throw new ApiError(
      409,
      `conflict: unable to delete ${reference} (cannot be forced) - image is being used by running container ${short(running.record.id)}`,
    );
  }
  const user = running ?? users[0];
  if (user && !force) {
    throw new ApiError(
      409,
      `conflict: unable to remove repository reference "${reference}" (must force) - container ${short(user.record.id)} is using its referenced image ${short(image.id)}`,
    );
  }
}
