/** @type {import('next').NextConfig} */
export default {
  reactStrictMode: true,
  poweredByHeader: false,
  agentRules: false,
  devIndicators: false,
  logging: { serverFunctions: false },
  allowedDevOrigins: ['localhost', '127.0.0.1'],
};
