package nomos.conformance;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** A client in a process of its own, so that it can be killed. */
final class ClientProcess {
    private final Process process;
    private final List<String> lines = new CopyOnWriteArrayList<>();

    private ClientProcess(Process process) {
        this.process = process;
        Thread reader = new Thread(() -> {
            try (BufferedReader output = process.inputReader(StandardCharsets.UTF_8)) {
                output.lines().forEach(lines::add);
            } catch (IOException | UncheckedIOException e) {
                System.err.println("the other process's output ended: " + e);
            }
        }, "other process");
        reader.setDaemon(true);
        reader.start();
    }

    /** Starts this program again in another role; it ends when its standard input does, so none is left behind. */
    static ClientProcess start(String role, RowClients clients) throws IOException {
        String java = System.getProperty("java.home") + File.separator + "bin" + File.separator + "java";
        Process process = new ProcessBuilder(java, "-Xmx256m",
            "-Duser.home=" + System.getProperty("user.home"),
            "-Drocketmq.log.root=" + System.getProperty("rocketmq.log.root") + File.separator + clients.row,
            "-cp", System.getProperty("java.class.path"), Main.class.getName(), role)
            .redirectError(ProcessBuilder.Redirect.INHERIT).start();
        OutputStream input = process.getOutputStream();
        input.write(clients.plan.linesFor(clients.row).getBytes(StandardCharsets.UTF_8));
        input.flush();
        return new ClientProcess(process);
    }

    void waitForLines(int count) throws InterruptedException {
        long endsAtMs = System.currentTimeMillis() + 30_000;
        while (lines.size() < count) {
            Check.holds(System.currentTimeMillis() < endsAtMs, "the other process did not do its part within 30 s");
            Thread.sleep(10);
        }
    }

    void kill() throws InterruptedException {
        Check.holds(process.isAlive(), "the other process ended by itself");
        process.destroyForcibly().waitFor();
    }
}
