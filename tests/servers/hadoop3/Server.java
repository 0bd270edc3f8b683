import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.hdfs.server.datanode.DataNode;
import org.apache.hadoop.hdfs.server.namenode.NameNode;
import org.apache.hadoop.metrics2.lib.DefaultMetricsSystem;

/** One namenode and one datanode on free ports of the loopback address, of which it prints the first; all is in HOME. */
class Server {
    public static void main(String[] arguments) throws Exception {
        System.setProperty("com.sun.xml.bind.v2.bytecode.ClassTailor.noOptimize", "true"); // which Java 17 forbids
        Path home = Path.of(arguments[0]);
        for (String pages : List.of("hdfs", "datanode")) {
            Files.createDirectories(home.resolve("src/main/webapps").resolve(pages)); // where there would be pages
        }
        Configuration settings = new Configuration();
        settings.set("fs.defaultFS", "hdfs://127.0.0.1:0");
        settings.set("dfs.namenode.name.dir", home.resolve("names").toUri().toString());
        settings.set("dfs.datanode.data.dir", home.resolve("blocks").toUri().toString());
        settings.set("hadoop.tmp.dir", home.resolve("temporary").toString());
        settings.set("dfs.namenode.http-address", "127.0.0.1:0");
        settings.set("dfs.datanode.address", "127.0.0.1:0");
        settings.set("dfs.datanode.ipc.address", "127.0.0.1:0");
        settings.set("dfs.datanode.http.address", "127.0.0.1:0");
        settings.set("dfs.datanode.hostname", "127.0.0.1");
        settings.set("dfs.replication", "1");
        settings.set("dfs.namenode.fs-limits.min-block-size", "1024");
        settings.set("dfs.blocksize", "65536");
        DefaultMetricsSystem.setMiniClusterMode(true); // more than one in a process
        NameNode.format(settings);
        NameNode names = NameNode.createNameNode(new String[] {}, settings);
        settings.set("fs.defaultFS", "hdfs://127.0.0.1:" + names.getNameNodeAddress().getPort());
        DataNode blocks = DataNode.createDataNode(new String[] {}, settings);
        while (!blocks.isDatanodeFullyStarted()) {
            Thread.sleep(10);
        }
        System.out.println(names.getHttpAddress().getPort());
        new CountDownLatch(1).await();
    }
}
