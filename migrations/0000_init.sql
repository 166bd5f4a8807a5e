CREATE TABLE `accounts` (
	`id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `api_tokens` (
	`id` text PRIMARY KEY NOT NULL,
	`account_id` text NOT NULL,
	`name` text NOT NULL,
	`hash` text NOT NULL,
	`scopes` text NOT NULL,
	`created_at` integer NOT NULL,
	`expires_at` integer,
	`revoked_at` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `api_tokens_hash_unique` ON `api_tokens` (`hash`);--> statement-breakpoint
CREATE INDEX `api_tokens_account` ON `api_tokens` (`account_id`,`id`);--> statement-breakpoint
CREATE INDEX `api_tokens_revoked` ON `api_tokens` (`revoked_at`);--> statement-breakpoint
CREATE TABLE `signing_keys` (
	`id` text PRIMARY KEY NOT NULL,
	`kind` text NOT NULL,
	`account_id` text NOT NULL,
	`public_jwk` text NOT NULL,
	`sealed_private_jwk` text NOT NULL,
	`created_at` integer NOT NULL,
	`signs_from` integer NOT NULL,
	`verifies_until` integer
);
--> statement-breakpoint
CREATE INDEX `signing_keys_owner` ON `signing_keys` (`kind`,`account_id`,`signs_from`);--> statement-breakpoint
CREATE TABLE `tombstones` (
	`uid` text PRIMARY KEY NOT NULL,
	`account_id` text NOT NULL,
	`deleted_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `videos` (
	`uid` text PRIMARY KEY NOT NULL,
	`account_id` text NOT NULL,
	`state` text NOT NULL,
	`revision` text,
	`published_revision` text,
	`previous_revision` text,
	`name` text NOT NULL,
	`meta` text NOT NULL,
	`creator` text,
	`size_bytes` integer DEFAULT 0 NOT NULL,
	`duration_seconds` real,
	`width` integer,
	`height` integer,
	`require_signed_urls` integer DEFAULT false NOT NULL,
	`allowed_origins` text DEFAULT '[]' NOT NULL,
	`thumbnail_timestamp_pct` real DEFAULT 0 NOT NULL,
	`max_duration_seconds` real,
	`public_details` text,
	`scheduled_deletion` integer,
	`error_reason_code` text DEFAULT '' NOT NULL,
	`error_reason_text` text DEFAULT '' NOT NULL,
	`created_at` integer NOT NULL,
	`modified_at` integer NOT NULL,
	`uploaded_at` integer,
	`upload_expires_at` integer,
	`ready_at` integer,
	`deleted_at` integer,
	`playback_version` integer DEFAULT 0 NOT NULL
);
--> statement-breakpoint
CREATE INDEX `videos_list` ON `videos` (`account_id`,`created_at`);--> statement-breakpoint
CREATE INDEX `videos_state` ON `videos` (`account_id`,`state`,`created_at`);--> statement-breakpoint
CREATE INDEX `videos_creator` ON `videos` (`account_id`,`creator`,`created_at`);--> statement-breakpoint
CREATE INDEX `videos_deleted` ON `videos` (`deleted_at`);--> statement-breakpoint
CREATE INDEX `videos_scheduled` ON `videos` (`scheduled_deletion`);--> statement-breakpoint
CREATE INDEX `videos_previous` ON `videos` (`previous_revision`,`ready_at`);--> statement-breakpoint
CREATE TABLE `counted_events` (
	`event_id` text PRIMARY KEY NOT NULL,
	`type` text NOT NULL,
	`at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `counted_events_type` ON `counted_events` (`type`,`at`);--> statement-breakpoint
CREATE TABLE `health_samples` (
	`at` integer PRIMARY KEY NOT NULL,
	`ready` integer NOT NULL,
	`failing` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `outbox` (
	`event_id` text NOT NULL,
	`subscriber` text NOT NULL,
	`event` text NOT NULL,
	`created_at` integer NOT NULL,
	`due_at` integer NOT NULL,
	`attempts` integer DEFAULT 0 NOT NULL,
	`dead_at` integer,
	`last_error` text,
	PRIMARY KEY(`event_id`, `subscriber`)
);
--> statement-breakpoint
CREATE INDEX `outbox_due` ON `outbox` (`dead_at`,`due_at`);--> statement-breakpoint
CREATE TABLE `jobs` (
	`id` text PRIMARY KEY NOT NULL,
	`uid` text NOT NULL,
	`account_id` text NOT NULL,
	`revision` text NOT NULL,
	`state` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`ended_at` integer,
	`reason` text
);
--> statement-breakpoint
CREATE INDEX `jobs_list` ON `jobs` (`account_id`,`id`);--> statement-breakpoint
CREATE INDEX `jobs_video` ON `jobs` (`uid`,`id`);--> statement-breakpoint
CREATE INDEX `jobs_state` ON `jobs` (`state`,`updated_at`);--> statement-breakpoint
CREATE TABLE `uploads` (
	`id` text PRIMARY KEY NOT NULL,
	`uid` text NOT NULL,
	`account_id` text NOT NULL,
	`state` text NOT NULL,
	`created_at` integer NOT NULL,
	`expires_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `uploads_uid_unique` ON `uploads` (`uid`);--> statement-breakpoint
CREATE INDEX `uploads_expiry` ON `uploads` (`state`,`expires_at`);