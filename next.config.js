/** @type {import('next').NextConfig} */
export default {
  reactStrictMode: true,
  poweredByHeader: false,
  agentRules: false,
  devIndicators: false,
  logging: { serverFunctions: false },
  // `npm run check` and CI check the types, tests included; what only runs the app has no test packages to check them with.
  typescript: { ignoreBuildErrors: true },
  allowedDevOrigins: ['localhost', '127.0.0.1'],
};
