CREATE TABLE `alert_silences` (
	`rule` text PRIMARY KEY NOT NULL,
	`until` integer NOT NULL,
	`reason` text NOT NULL,
	`created_by` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `alert_states` (
	`rule` text PRIMARY KEY NOT NULL,
	`state` text NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `alerts` (
	`id` text PRIMARY KEY NOT NULL,
	`rule` text NOT NULL,
	`severity` text NOT NULL,
	`summary` text NOT NULL,
	`value` real NOT NULL,
	`peak` real NOT NULL,
	`threshold` real NOT NULL,
	`started_at` integer NOT NULL,
	`resolved_at` integer,
	`acknowledged_at` integer,
	`acknowledged_by` text,
	`note` text,
	`announced_at` integer,
	`end_announced_at` integer
);
--> statement-breakpoint
CREATE INDEX `alerts_open` ON `alerts` (`resolved_at`,`started_at`);--> statement-breakpoint
CREATE INDEX `alerts_time` ON `alerts` (`started_at`);--> statement-breakpoint
CREATE TABLE `metric_points` (
	`at` integer PRIMARY KEY NOT NULL,
	`point` text NOT NULL
);
